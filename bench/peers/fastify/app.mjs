// A server of the usual kind: it stores each message by an INSERT, and then sends the message to
// all who follow its room.
import websocket from '@fastify/websocket';
import Fastify from 'fastify';
import pg from 'pg';

const pool = new pg.Pool({ max: 16 });
const rooms = new Map();
const app = Fastify();
await app.register(websocket);

app.get('/ws', { websocket: true }, socket => {
  let room;
  socket.on('message', async data => {
    const said = JSON.parse(data.toString());
    if (said.type === 'follow') {
      room = said.room;
      rooms.set(room, (rooms.get(room) ?? new Set()).add(socket));
      socket.send('{"type":"followed"}');
      return;
    }
    const { rows: [{ seq }] } = await pool.query({ name: 'store',
      text: 'INSERT INTO message (room, text) VALUES ($1, $2) RETURNING seq',
      values: [said.room, said.text] });
    socket.send(JSON.stringify({ type: 'sent', id: said.id, seq }));
    const frame = JSON.stringify({ type: 'message', room: said.room, seq, text: said.text });
    for (const other of rooms.get(said.room) ?? []) other.send(frame);
  });
  socket.on('close', () => rooms.get(room)?.delete(socket));
});

app.get('/rooms/:room/messages', async ({ params, query }) => (await pool.query({
  name: 'page', text: `SELECT seq, text, at FROM message WHERE room = $1 AND seq > $2
    ORDER BY seq LIMIT 50`, values: [params.room, query.after] })).rows);

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
