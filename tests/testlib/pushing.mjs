// What a server pushes, as somebody on the way could change it: for the `upgrade` of
// startProxy(). Nothing is sealed here that was not, and nothing signed.
import { WebSocket, WebSocketServer } from 'ws';

/** `url`: of the node. { upgrade, push(frame), hear }: push() sends a text, bytes, or an object as
 * JSON to every client; hear(frame), which the caller may set, gives for each frame of the node
 * the frames that are sent on in its place. */
export function startPushing(url) {
  const doors = new WebSocketServer({ noServer: true });
  const open = new Set();
  const self = { hear: frame => [frame] };

  function pair(client, protocols) {
    const node = new WebSocket(url.replace('http', 'ws') + '/ws', protocols);
    open.add(client);
    node.on('message', data => {
      for (const frame of self.hear(JSON.parse(data))) client.send(JSON.stringify(frame));
    });
    const waits = []; // what comes before the node is there
    node.on('open', () => waits.splice(0).forEach(data => node.send(data)));
    client.on('message', data => node.readyState === WebSocket.OPEN ? node.send(String(data))
      : waits.push(String(data)));
    for (const [one, other] of [[client, node], [node, client]]) {
      one.on('error', () => other.terminate());
      one.on('close', () => {
        open.delete(client);
        other.terminate();
      });
    }
  }

  self.upgrade = (req, socket) => {
    const protocols = req.headers['sec-websocket-protocol'].split(/, */);
    doors.handleUpgrade(req, socket, Buffer.alloc(0), client => pair(client, protocols));
  };
  self.push = frame => {
    const data = typeof frame === 'string' || Buffer.isBuffer(frame) ? frame
      : JSON.stringify(frame);
    for (const client of open) client.send(data);
    return open.size;
  };
  return self;
}
