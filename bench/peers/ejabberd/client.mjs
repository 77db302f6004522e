// XMPP as far as it is needed here: SASL PLAIN, acknowledgements (XEP-0198), the archive
// (XEP-0313).
import { connected, numberIn, textOf } from '../wire.mjs';

const USERS = 8;
const OPEN = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' " +
  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

// The stanzas that come, as this server writes them.
const STANZA = /<message[^]*?<\/message>|<iq(?:[^>]*\/>|[^]*?<\/iq>)|<a [^>]*\/>|<r [^>]*\/>|<enabled[^>]*\/>|<success[^>]*\/>|<stream:features[^]*?<\/stream:features>|<presence[^]*?(?:\/>|<\/presence>)/g;

export async function connect(target, { k, kind, acked, message }) {
  const name = (kind === 'reader' ? 'sender' : kind) + k % USERS;
  let waits, result, count = 0, told = 0;
  const ids = []; // of the first pages, after which others begin
  const on = stanza => {
    if (stanza.startsWith('<a ')) {
      const h = Number(stanza.match(/h=['"](\d+)/)[1]);
      acked(h - told);
      told = h;
    } else if (result && stanza.includes('urn:xmpp:mam:2')) {
      result(stanza);
    } else if (stanza.startsWith('<message')) {
      message?.(numberIn(stanza.match(/<body>([^<]*)/)[1]));
    } else if (waits && !stanza.startsWith('<presence')) {
      waits(stanza);
    }
  };
  const socket = await connected(target.port, data => {
    const text = data.toString('latin1');
    let end = 0;
    for (const found of text.matchAll(STANZA)) {
      on(found[0]);
      end = found.index + found[0].length;
    }
    return data.subarray(end);
  });
  const say = (text, is) => new Promise((done, fail) => {
    waits = stanza => is.test(stanza) && done(stanza);
    socket.once('error', fail);
    socket.write(text);
  });
  await say(OPEN, /features/);
  await say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${
    Buffer.from(`\0${name}\0x`).toString('base64')}</auth>`, /success/);
  await say(OPEN, /features/);
  await say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    /id=['"]b/);
  if (kind === 'sender') await say("<enable xmlns='urn:xmpp:sm:3'/>", /enabled/);
  if (kind === 'receiver') socket.write('<presence/>');
  waits = undefined;
  return {
    send: i => socket.write(`<message type='chat' id='m${i}' to='receiver${k}@localhost'><body>${
      textOf(i)}</body></message><r xmlns='urn:xmpp:sm:3'/>`),
    page: () => new Promise((done, fail) => {
      let rows = 0;
      result = stanza => {
        if (stanza.startsWith('<message')) {
          rows++;
          if (ids.length < 1000) ids.push(stanza.match(/ id=['"](\d+)['"]/)[1]);
        } else if (rows > 0) {
          done();
        } else {
          fail(new Error(stanza));
        }
      };
      const after = ids[Math.floor(Math.random() * ids.length)];
      socket.write(`<iq type='set' id='q${++count}'><query xmlns='urn:xmpp:mam:2'>${
        "<set xmlns='http://jabber.org/protocol/rsm'><max>50</max>"}${
        after ? `<after>${after}</after>` : ''}</set></query></iq>`);
    }) };
}
