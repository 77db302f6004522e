// The page of web/ as a person has it before them: what is found by its words, clicked and
// typed, in a tab of Chromium.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root, until } from './stack.mjs';

// Of a busy machine; a passphrase alone takes seconds of one.
const LONG_MS = 180_000;

const axe = () => readFileSync(join(root, 'tests/node_modules/axe-core/axe.min.js'), 'utf8');

// What the page's own words name. Of dialogs the last one counts.
const HELPERS = `
  globalThis.place = () => [...document.querySelectorAll('dialog')].at(-1) ?? document.body;
  globalThis.named = name => [...place().querySelectorAll('button, summary, [role=menuitem]')]
    .find(b => b.checkVisibility() && !b.disabled &&
      (b.getAttribute('aria-label') ?? b.textContent).trim() === name);
  globalThis.labelled = label => [...place().querySelectorAll('label')]
    .find(l => l.textContent.trim() === label && l.checkVisibility())?.control ??
    [...place().querySelectorAll('[aria-label]')].find(e => e.ariaLabel === label);
  globalThis.seen = text => place().innerText.includes(text);
  globalThis.said = text => [...document.querySelectorAll('.message:not(.pending) .text')]
    .some(e => e.textContent === text);
  /** What has the focus: its name, whether it is in sight, and seen to have the focus. */
  globalThis.focused = () => {
    const it = document.activeElement, at = it.getBoundingClientRect();
    const { outlineStyle } = getComputedStyle(it);
    const isLost = it === document.body;
    return { name: isLost ? 'nothing'
      : (it.ariaLabel ?? it.labels?.[0]?.textContent ?? it.textContent).trim(),
    isLost, isMarked: outlineStyle !== 'none' || it.tabIndex < 0,
    isInSight: at.bottom > 0 && at.right > 0 && at.top < innerHeight && at.left < innerWidth };
  };
  globalThis.violations ??= [];
  document.addEventListener('securitypolicyviolation', e =>
    violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
`;

const text = value => JSON.stringify(value);

export class Page {
  #tab;
  #url;

  constructor(tab, url) {
    this.#tab = tab;
    this.#url = url;
  }

  /** A tab of that browser at the page. */
  static async open(browser, url, options) {
    const page = new Page(await browser.page('about:blank', options), url);
    await page.#tab.call('Page.enable');
    // as a window in front of all others has it
    await page.#tab.call('Emulation.setFocusEmulationEnabled', { enabled: true });
    await page.#tab.call('Page.addScriptToEvaluateOnNewDocument', { source: HELPERS });
    await page.reload();
    return page;
  }

  async reload() {
    await this.#tab.call('Page.navigate', { url: this.#url });
    await until(() => this.does('return document.querySelector("#page > *") !== null'),
      { ms: LONG_MS, name: 'the page' });
  }

  does(expression) {
    return this.#tab.does(expression);
  }

  call(method, params) {
    return this.#tab.call(method, params);
  }

  close() {
    return this.#tab.close();
  }

  /** Kills its process. */
  crash() {
    return this.#tab.crash();
  }

  /** Resolves when it is no more. */
  get gone() {
    return this.#tab.gone;
  }

  sees(what) {
    return until(() => this.does(`return seen(${text(what)})`), { ms: LONG_MS, name: `to see ${what}` });
  }

  said(what) {
    return until(() => this.does(`return said(${text(what)})`),
      { ms: LONG_MS, name: `a message ${what}` });
  }

  async click(name) {
    await until(() => this.does(`return named(${text(name)}) !== undefined`),
      { ms: LONG_MS, name: `a button ${name}` });
    await this.does(`named(${text(name)}).click()`);
  }

  async fill(label, value) {
    await until(() => this.does(`return Boolean(labelled(${text(label)}))`),
      { ms: LONG_MS, name: `a field ${label}` });
    await this.does(`const field = labelled(${text(label)});
      field.focus();
      field.value = ${text(value)};
      field.dispatchEvent(new Event('input', { bubbles: true }));`);
  }

  /** Keys as a keyboard gives them: "Enter", "ArrowUp", or a character. */
  async press(key, { shift = false } = {}) {
    const codes = { Enter: 13, Escape: 27, Tab: 9, ' ': 32, ArrowUp: 38, ArrowDown: 40,
      ArrowRight: 39 };
    const texts = { Enter: '\r', ' ': ' ' };
    const it = { key, windowsVirtualKeyCode: codes[key], code: key === ' ' ? 'Space' : key,
      modifiers: shift ? 8 : 0, ...key in texts ? { text: texts[key] } : {} };
    await this.call('Input.dispatchKeyEvent', { type: 'keyDown', ...it });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', ...it });
  }

  /** What has the focus (`focused` above). */
  focused() {
    return this.does('return focused()');
  }

  /** Presses Tab until the control of that name, or whose name matches, has the focus. Each one
   * on the way is in sight, and is seen to have it. */
  async tabTo(name, { back = false } = {}) {
    const isIt = one => typeof name === 'string' ? one.name === name : name.test(one.name);
    const passed = [];
    for (;;) {
      let one;
      await until(async () => {
        one = await this.focused();
        return one.isLost || (one.isInSight && one.isMarked); // once it is drawn
      }, { name: `the focus to be seen on the way to ${name}` }).catch(error => {
        throw new Error(`${error.message}: ${JSON.stringify(one)} behind ${passed.join(', ')}`);
      });
      if (isIt(one)) return;
      // a page of more controls has none of that name, or a trap on the way
      if (passed.length === 60) throw new Error(`no ${name} among ${passed.join(', ')}`);
      passed.push(one.name);
      await this.press('Tab', { shift: back });
    }
  }

  /** A key for each character, where the focus is. */
  async type(words) {
    for (const key of words)
      await this.call('Input.dispatchKeyEvent', { type: 'char', key, text: key });
  }

  /** Presses the button that sends the form. */
  submit() {
    return this.does('document.querySelector(\'form button[type=submit]\').click()');
  }

  /** Registers, up to where the recovery key is shown; gives that key. */
  async begin(name, passphrase) {
    await this.click('Register');
    await this.fill('User name', name);
    await this.fill('Passphrase', passphrase);
    await this.fill('Passphrase again', passphrase);
    await this.submit();
    await this.sees('Write it down');
    return this.does(`return [...document.querySelectorAll('.recovery .digits span')]
      .map(group => group.textContent).join('-')`);
  }

  async register(name, passphrase) {
    await this.begin(name, passphrase);
    await this.click('Not now');
    await this.sees('Sessions');
  }

  async unlock(passphrase) {
    await this.fill('Passphrase', passphrase);
    await this.submit();
    await this.sees('Sessions');
  }

  async say(words) {
    await this.does(`const area = document.querySelector('.composer textarea');
      area.value = ${text(words)};
      area.dispatchEvent(new Event('input', { bubbles: true }));
      area.form.requestSubmit();`);
  }

  /** What axe finds, a line each. */
  async faults() {
    await this.does(`if (!globalThis.axe) { ${axe()} }`);
    return this.does(`
      const { violations: found } = await axe.run(document);
      return found.flatMap(f => f.nodes.map(n => f.id + ': ' + n.html + ' ' + n.failureSummary));`);
  }

  /** What the policy has kept out. */
  violations() {
    return this.does('return violations');
  }

  /** `forced`: the system chooses the colours; `still`: nothing may move. */
  async looks({ width, height, dark = false, forced = false, still = false }) {
    await this.call('Emulation.setDeviceMetricsOverride', { width, height,
      deviceScaleFactor: 1, mobile: width < 500 });
    await this.call('Emulation.setEmulatedMedia',
      { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' },
        { name: 'forced-colors', value: forced ? 'active' : 'none' },
        { name: 'prefers-reduced-motion', value: still ? 'reduce' : '' }] });
  }

  async picture() {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }
}
