/** A bug that hits every n-th request, counted, so that its rate is exact and tests are repeatable. */
export function failEvery(n: number): () => void {
  let requests = 0;
  return () => {
    requests++;
    if (requests % n === 0) {
      throw new Error("the price of the basket is not a number");
    }
  };
}
