-- wrk: one path, two hundred times a second on each connection. -- WORLD.lua
local world

function init(args)
  world = dofile(args[1])
  wrk.headers["Authorization"] = "Bearer " .. world.token
  wrk.path = world.path
end

function delay()
  return 5 -- ms
end
