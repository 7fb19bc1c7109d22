/** A small table of text, which is scrolled by itself where it is wider than its place. */
import type { ComponentChildren } from "preact";

interface Props {
  /** What it lists, for screen readers. */
  readonly label: string;
  readonly heads: readonly string[];
  /** Its rows. */
  readonly children: ComponentChildren;
}

export function SmallTable({ label, heads, children }: Props) {
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={label}>
      <table class="plain">
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
