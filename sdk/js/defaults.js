// A client whose options have other defaults, for a browser or node.
import { Client } from './client.js';

export const withDefaults = defaults => class extends Client {
  static open(options) {
    return Client.open({ ...defaults, ...options });
  }

  static register(options) {
    return Client.register({ ...defaults, ...options });
  }

  static login(options) {
    return Client.login({ ...defaults, ...options });
  }

  static check(options) {
    return Client.check({ ...defaults, ...options });
  }

  static qr(text, options) {
    return Client.qr(text, { ...defaults, ...options });
  }
};
