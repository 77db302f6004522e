// Loads the page anew once the node serves another one. While the node is exchanged it is not
// reached for a moment.
const textOf = async () => {
  const answer = await fetch('./', { cache: 'no-store' });
  return answer.ok ? answer.text() : undefined;
};

const shown = await textOf();
for (;;) {
  await new Promise(done => { setTimeout(done, 2000); });
  const text = await textOf().catch(() => undefined);
  if (text !== undefined && text !== shown) break;
}
location.reload();
