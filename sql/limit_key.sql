-- The key under which names of limits are hashed that lead to no person.
SELECT key FROM limit_key;
