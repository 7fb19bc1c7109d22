/** A D1 database that counts queries and refuses statements over the limits. */
import { sqlBytes, textBytes } from "./size.ts";
import { count, use } from "./use.ts";

interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

const statements = new WeakMap<object, Statement>();

/** The database, with the platform's limits before it. */
export function limitedDatabase(db: D1Database): D1Database {
  return new Proxy(db, {
    get(target, name) {
      switch (name) {
        case "prepare":
          return (sql: string) => limitedStatement(target.prepare(sql), { sql, values: [] });
        case "batch":
          return async (members: D1PreparedStatement[]) => {
            count("subrequests", 1, () => `D1 batch of ${members.length}`);
            count("d1_queries", members.length, () => `batch of ${members.length}`);
            for (const member of members) checkStatement(statements.get(member));
            const results = await target.batch(members);
            for (const { results: rows } of results) checkRows(rows);
            return results;
          };
        case "exec":
          return async (sql: string) => {
            countQuery({ sql, values: [] });
            return target.exec(sql);
          };
        case "withSession":
          throw new Error("the limits do not know D1 sessions: count their queries here first");
        default: {
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? member.bind(target) : member;
        }
      }
    },
  });
}

/** The statement itself, its methods replaced: a native batch takes only native statements. */
function limitedStatement(prepared: D1PreparedStatement, statement: Statement): D1PreparedStatement {
  statements.set(prepared, statement);
  const bind = prepared.bind.bind(prepared);
  replace(prepared, "bind", (...values: unknown[]) =>
    limitedStatement(bind(...values), { ...statement, values }),
  );
  for (const name of ["all", "run", "raw", "first"] as const) {
    const native: unknown = Reflect.get(prepared, name);
    if (typeof native !== "function") continue;
    replace(prepared, name, async (...args: unknown[]) => {
      countQuery(statement);
      const result: unknown = await Reflect.apply(native, prepared, args);
      checkRows(rowsOf(result));
      return result;
    });
  }
  return prepared;
}

function countQuery(statement: Statement): void {
  count("subrequests", 1, () => nameOf(statement.sql));
  count("d1_queries", 1, () => nameOf(statement.sql));
  checkStatement(statement);
}

function checkStatement(statement: Statement | undefined): void {
  if (!statement) return;
  const { sql, values } = statement;
  use("d1_statement", textBytes(sql), () => nameOf(sql));
  use("d1_parameters", values.length, () => nameOf(sql));
  let bytes = 0;
  for (const value of values) {
    const size = sqlBytes(value);
    bytes += size;
    use("d1_value", size, () => nameOf(sql));
  }
  if (writesOneRow(sql)) use("d1_row", bytes, () => nameOf(sql));
}

function checkRows(rows: readonly unknown[]): void {
  for (const row of rows) {
    if (typeof row !== "object" || row === null) continue;
    let bytes = 0;
    for (const value of Object.values(row)) bytes += sqlBytes(value);
    use("d1_row", bytes, () => "row read");
  }
}

function rowsOf(result: unknown): readonly unknown[] {
  if (Array.isArray(result)) return result;
  if (typeof result !== "object" || result === null) return [];
  return "results" in result && Array.isArray(result.results) ? result.results : [result];
}

/** Whether the bound values are together the row that a statement writes; a JSON list may be many rows. */
export function writesOneRow(sql: string): boolean {
  return /^\s*(insert|replace|update)\b/i.test(sql) && !/json_each/i.test(sql);
}

/** How a statement stands in the report. */
export function nameOf(sql: string): string {
  return sql.trim().replaceAll(/\s+/g, " ").slice(0, 60);
}

/** Puts a member in the place of a native one. */
export function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
