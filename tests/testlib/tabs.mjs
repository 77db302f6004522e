// A person in a browser of their own, with the device of web/ in several tabs: any of them may
// end at any time, and what the person says is said by one that is there.
import { startChromium } from './chromium.mjs';
import { Page } from './page.mjs';
import { until } from './stack.mjs';

const LONG_MS = 180_000; // of a busy machine
const text = value => JSON.stringify(value);

export class Tabs {
  #browser;
  #url;
  #all = []; // of the tabs that are there
  #wake = []; // of those who wait for one
  name;
  passphrase;

  constructor(name, url) {
    this.name = name;
    this.passphrase = `${name} has a passphrase`;
    this.#url = url;
  }

  get #options() {
    return `{ server: location.origin, username: ${text(this.name)}, scryptN: 16384, stock: 5,
      passphrase: ${text(this.passphrase)}, storage: new IndexedDbStorage('web') }`;
  }

  /** Starts the browser, and registers. */
  async register() {
    this.#browser = await startChromium();
    const page = await Page.open(this.#browser, this.#url);
    await page.does(`const { Client, IndexedDbStorage } = await import('@hermetic/client');
      await (await Client.register(${this.#options})).close();`);
    await page.close();
    return this;
  }

  /** A tab at the page, with a client of its own beside what the page shows. */
  async open() {
    const page = await Page.open(this.#browser, this.#url);
    page.gone.then(() => { this.#all = this.#all.filter(one => one !== page); });
    await page.does(`
      const { SharedClient, IndexedDbStorage } = await import('@hermetic/client');
      globalThis.client = new SharedClient(${this.#options});
      await client.sessions();`);
    this.#all.push(page);
    for (const wake of this.#wake.splice(0)) wake();
    return page;
  }

  get count() {
    return this.#all.length;
  }

  /** The tab that has the device, or undefined. */
  async leader() {
    for (const page of this.#all)
      if (await page.does('return client.leads').catch(() => false)) return page;
    return undefined;
  }

  get tabs() {
    return [...this.#all];
  }

  /** What an expression over `client` gives, in one of the tabs: it is asked for again where
   * that one ends meanwhile. */
  async does(expression, choose = all => all[0]) {
    for (;;) {
      if (this.#all.length === 0) {
        await new Promise(done => this.#wake.push(done));
        continue;
      }
      const page = choose(this.#all);
      try {
        return await page.does(expression);
      } catch (error) {
        if (this.#all.includes(page)) throw error;
      }
    }
  }

  /** Waits until that is true there. */
  until(expression, name) {
    return until(() => this.does(`return ${expression}`), { ms: LONG_MS, name });
  }

  stop() {
    return this.#browser?.stop();
  }
}
