/** The part of Node's module that the Workers runtime has and the tests use; its types are not among the Workers types. */
declare module "node:async_hooks" {
  export class AsyncLocalStorage<T> {
    getStore(): T | undefined;
    run<Result>(store: T, act: () => Result): Result;
  }
}
