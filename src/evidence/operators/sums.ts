/**
 * Sums over a matrix of sessions, four sessions at a time: a fit spends most of its time here, and one at a time takes twice as long.
 */

/**
 * Adds up the rows of a matrix, each times a weight.
 * @param sums - is overwritten; as long as a row
 */
export function sumOfRows(rows: Float64Array, weights: Float64Array, sums: Float64Array): void {
  const width = sums.length;
  const count = weights.length;
  sums.fill(0);
  let i = 0;
  for (; i + 3 < count; i += 4) {
    const a = i * width;
    const b = a + width;
    const c = b + width;
    const d = c + width;
    const [ofA, ofB, ofC, ofD] = [
      weights[i] ?? 0,
      weights[i + 1] ?? 0,
      weights[i + 2] ?? 0,
      weights[i + 3] ?? 0,
    ];
    for (let at = 0; at < width; at++) {
      sums[at] =
        (sums[at] ?? 0) +
        ofA * (rows[a + at] ?? 0) +
        ofB * (rows[b + at] ?? 0) +
        ofC * (rows[c + at] ?? 0) +
        ofD * (rows[d + at] ?? 0);
    }
  }
  for (; i < count; i++) {
    const weight = weights[i] ?? 0;
    for (let at = 0; at < width; at++) sums[at] = (sums[at] ?? 0) + weight * (rows[i * width + at] ?? 0);
  }
}

/**
 * Multiplies each row of a matrix by a vector.
 * @param products - is overwritten; one per row
 */
export function timesVector(rows: Float64Array, vector: Float64Array, products: Float64Array): void {
  const width = vector.length;
  const count = products.length;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    const a = i * width;
    const b = a + width;
    const c = b + width;
    const d = c + width;
    let ofA = 0;
    let ofB = 0;
    let ofC = 0;
    let ofD = 0;
    for (let at = 0; at < width; at++) {
      const factor = vector[at] ?? 0;
      ofA += factor * (rows[a + at] ?? 0);
      ofB += factor * (rows[b + at] ?? 0);
      ofC += factor * (rows[c + at] ?? 0);
      ofD += factor * (rows[d + at] ?? 0);
    }
    products[i] = ofA;
    products[i + 1] = ofB;
    products[i + 2] = ofC;
    products[i + 3] = ofD;
  }
  for (; i < count; i++) {
    let sum = 0;
    for (let at = 0; at < width; at++) sum += (vector[at] ?? 0) * (rows[i * width + at] ?? 0);
    products[i] = sum;
  }
}
