/** The same port with every method rejecting: the technology behind it is away. */
export function failingPort<T extends object>(port: T, error: Error): T {
  return new Proxy(port, {
    // An await of the port itself must not take it for a promise.
    get: (_port, name) => (name === 'then' ? undefined : () => Promise.reject(error)),
  });
}
