import { describe, expect, it } from "vitest";
import { attackerUuidOfAddress } from "../../src/core/index.ts";
import { hasshOf } from "../../src/sensor/hassh.ts";
import { CowrieSensor } from "../../src/sensor/index.ts";
import { BEGIN_TS, commandSession, confidenceOf, isoAt, messagesOf, reduced, valuesOf } from "./messages.ts";

const LATENCY = "cognitive.inter_command_latency_class";
const CONSISTENCY = "cognitive.inter_command_consistency";
const DIVERSITY = "cognitive.command_branch_diversity";
const VOCABULARY = "cognitive.tool_vocabulary";
const PIPES = "motor.shell_mastery.pipe_chaining_depth";
const RITUAL = "temporal.lifecycle_markers.landing_ritual";
const EXIT = "temporal.lifecycle_markers.exit_behavior";
const DURATION = "temporal.session_duration";

const only = (lines: readonly unknown[]) => messagesOf(new CowrieSensor(), lines)[0];
const valueOf = (lines: readonly unknown[], primitive: string) => valuesOf(only(lines))[primitive];

/** Commands with these gaps, from second 1 on. */
function paced(gaps: readonly number[]) {
  let secs = 1;
  return commandSession([[secs, "a"] as const, ...gaps.map((gap) => [(secs += gap), "a"] as const)], 50_000);
}

const words = (list: string) => commandSession(list.split(" ").map((word, index) => [index, word] as const));

const piped = (lines: readonly (readonly [pipes: number, seps: number])[]) => [
  reduced(0, "session.connect"),
  ...lines.map(([pipes, seps], index) =>
    reduced(index + 1, "command.input", { tok: "x", len: 9, pipes, seps, lines: 1 }),
  ),
];

const full = (secs: number, name: string, fields: Record<string, unknown>) => ({
  eventid: `cowrie.${name}`,
  timestamp: isoAt(secs),
  session: "s1",
  src_ip: "192.0.2.1",
  sensor: "pot",
  message: "whatever it says",
  ...fields,
});

describe("[duration] the class of a session's length", () => {
  it.each([
    [0, "short"],
    [59.999, "short"],
    [60, "medium"],
    [599.999, "medium"],
    [600, "long"],
    [3_599.999, "long"],
    [3_600, "marathon"],
  ])("%d s: %s", (duration, value) => {
    const message = only([reduced(0, "session.connect"), reduced(duration, "session.closed", { duration })]);
    expect(valuesOf(message)).toEqual({ [DURATION]: value });
    expect(confidenceOf(message, DURATION)).toBe(1);
  });

  it("newer logs write the duration as a text", () => {
    expect(
      valueOf([reduced(0, "session.connect"), reduced(70, "session.closed", { duration: "70.0" })], DURATION),
    ).toBe("medium");
  });

  it("of a session without a closing line is a lower bound with confidence 0.5", () => {
    const message = only([reduced(0, "session.connect"), reduced(70, "login.failed")]);
    expect(valuesOf(message)[DURATION]).toBe("medium");
    expect(confidenceOf(message, DURATION)).toBe(0.5);
    expect(message).toMatchObject({ startTs: BEGIN_TS, endTs: BEGIN_TS + 70 });
  });

  it("of a session that began before the log is the logged one, and the window starts accordingly", () => {
    const message = only([reduced(100, "login.failed"), reduced(130, "session.closed", { duration: 90.5 })]);
    expect(valuesOf(message)[DURATION]).toBe("medium");
    expect(message?.events[0]?.window).toEqual({ start_ts: BEGIN_TS + 39.5, end_ts: BEGIN_TS + 130 });
  });
});

describe("[latency] the class of the median gap between commands", () => {
  it.each([
    [0.3, "instant"],
    [0.301, "typing_speed"],
    [1.5, "typing_speed"],
    [1.501, "deliberate"],
    [2, "deliberate"],
    [2.001, "llm_lightweight"],
    [8, "llm_lightweight"],
    [8.001, "llm_heavyweight"],
    [30, "llm_heavyweight"],
    [30.001, "long"],
  ])("%d s: %s", (gap, value) => {
    // A millionth less, so that a rounding error of the sum does not exceed the limit.
    expect(valueOf(paced([gap - 1e-6]), LATENCY)).toBe(value);
  });

  it("confidence follows the number of gaps", () => {
    expect(confidenceOf(only(paced([1])), LATENCY)).toBe(0.3333);
    expect(confidenceOf(only(paced([1, 1, 1, 1, 1, 1])), LATENCY)).toBe(0.75);
  });

  it("commands that arrived at once have no latency, because the honeypot split them", () => {
    expect(valueOf(paced([0.0008, 0.0012, 0.0009]), LATENCY)).toBeUndefined();
    expect(valueOf(paced([0.0008, 5, 0.0009]), LATENCY)).toBe("llm_lightweight");
    expect(confidenceOf(only(paced([0.0008, 5, 0.0009])), LATENCY)).toBe(0.3333);
  });

  it("a failed command does not count as a second one", () => {
    const lines = commandSession([[1, "a"]]);
    lines.splice(2, 0, reduced(1.5, "command.failed", { tok: "a", len: 1, pipes: 0, seps: 0, lines: 1 }));
    expect(valueOf(lines, LATENCY)).toBeUndefined();
  });
});

describe("[consistency] the spread of the gaps", () => {
  it.each([
    [[4, 4, 4], "metronomic"],
    [[4, 4], undefined],
    [[1, 2, 3], "variable"],
    [[1, 1, 1, 1, 60], "bimodal"],
  ])("%j: %s", (gaps, value) => {
    expect(valueOf(paced(gaps), CONSISTENCY)).toBe(value);
  });
});

describe("[variety] the first words of the commands", () => {
  it.each([
    ["a b c d", undefined, undefined],
    ["a b c d e", "linear_playbook", "moderate"],
    ["a b c d e f g a b c", "linear_playbook", "moderate"],
    ["a b c d e f a b c d", "adaptive_branching", "moderate"],
    ["a b c a b", "adaptive_branching", "narrow"],
    ["a b c d a", "linear_playbook", "moderate"],
    ["a b c d e f g h i j", "linear_playbook", "broad"],
    ["a b c d e f g h i", "linear_playbook", "moderate"],
  ])("%s: %s, %s", (list, diversity, vocabulary) => {
    const values = valuesOf(only(words(list)));
    expect(values[DIVERSITY]).toBe(diversity);
    expect(values[VOCABULARY]).toBe(vocabulary);
  });

  it.each([
    ["uname whoami", undefined],
    ["uname ls whoami", "present"],
    ["uname ls ps", "absent"],
    ["a b c d uname id", "absent"],
    ["a b c id uname", "present"],
  ])("landing ritual in %s: %s", (list, value) => {
    expect(valueOf(words(list), RITUAL)).toBe(value);
  });

  it.each([
    ["ls exit", "graceful"],
    ["logout", "graceful"],
    ["exit ls", undefined],
  ])("exit in %s: %s", (list, value) => {
    expect(valueOf(words(list), EXIT)).toBe(value);
  });
});

describe("[pipes] depth is pipes over pipelines, median over the lines", () => {
  it.each([
    [[[4, 3]], undefined],
    [[[5, 4]], "shallow"],
    [[[12, 47]], "shallow"],
    [
      [
        [2, 0],
        [1, 0],
        [2, 0],
        [1, 0],
        [2, 0],
      ],
      "moderate",
    ],
    [
      [
        [3, 0],
        [3, 0],
        [3, 0],
        [0, 0],
        [3, 0],
      ],
      "deep",
    ],
    [
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [9, 0],
        [9, 0],
      ],
      "shallow",
    ],
  ] as const)("%j: %s", (lines, value) => {
    expect(valueOf(piped(lines), PIPES)).toBe(value);
  });
});

describe("[client] the identification of the client", () => {
  it("comes from the first key exchange, and from the banner if it begins with SSH-", () => {
    const first = "a".repeat(32);
    const lines = [
      reduced(0, "client.version", { version: "SSH-2.0-Go" }),
      reduced(0, "client.kex", { hassh: first }),
      reduced(1, "client.kex", { hassh: "b".repeat(32) }),
    ];
    expect(valuesOf(only(lines))).toMatchObject({
      "toolchain.ssh.hassh_client": first,
      "toolchain.ssh.client_banner": "SSH-2.0-Go",
    });
    expect(valuesOf(only([reduced(0, "client.version", { version: "non-ssh:tls" })]))).toEqual({
      [DURATION]: "short",
    });
    expect(valuesOf(only([reduced(0, "client.kex", { hassh: "none" })]))).toEqual({ [DURATION]: "short" });
  });

  it("the order of its algorithms comes from the log, or else from the table; without both there is none", () => {
    const lists = { kex: "b,a", enc: "c", mac: "d", comp: "none" };
    const hassh = hasshOf(lists);
    const order = (sensor: CowrieSensor) =>
      valuesOf(messagesOf(sensor, [reduced(0, "client.kex", { hassh })])[0])[
        "toolchain.ssh.kex_algorithm_order"
      ];
    expect(order(new CowrieSensor())).toBeUndefined();
    expect(order(new CowrieSensor(new Map([[hassh, lists]])))).toEqual(["b", "a"]);
  });

  it("each distinct payload of a session is one observation with its own evidence", () => {
    const hashes = ["c", "a", "c", "b"].map((letter) => letter.repeat(64));
    const message = only([
      ...hashes.map((sha256, index) => reduced(index, "session.file_download", { sha256 })),
      reduced(9, "session.file_upload", { sha256: "D".repeat(64) }),
      reduced(9, "session.file_download", {}),
    ]);
    const payloads = message?.events.filter((event) => event.primitive === "toolchain.payload.sha256") ?? [];
    expect(payloads.map((event) => event.value)).toEqual(
      ["c", "a", "b", "d"].map((letter) => letter.repeat(64)),
    );
    expect(payloads.map((event) => event.evidence_ref)).toEqual(
      [1, 2, 3, 4].map((number) => `cowrie:pot/s1#payload-0000${number}`),
    );
    expect(new Set(message?.events.map((event) => event.id)).size).toBe(message?.events.length);
  });
});

describe("[forms] the log Cowrie writes and its reduced form", () => {
  const lists = {
    kexAlgs: ["curve25519-sha256", "diffie-hellman-group14-sha1"],
    keyAlgs: ["ssh-rsa"],
    encCS: ["aes128-ctr"],
    macCS: ["hmac-sha1"],
    compCS: ["none"],
    langCS: [""],
  };
  const text = { kex: lists.kexAlgs.join(","), enc: "aes128-ctr", mac: "hmac-sha1", comp: "none" };
  const hassh = hasshOf(text);
  const sha256 = "e".repeat(64);
  const inputs = [
    "uname -a",
    "cat /proc/cpuinfo | grep name | wc -l",
    "cd /tmp; ls -la && ps",
    "/bin/ls",
    "whoami",
    "exit",
  ];
  const shapes = [
    { tok: "uname", len: 8, pipes: 0, seps: 0, lines: 1 },
    { tok: "cat", len: 37, pipes: 2, seps: 0, lines: 1 },
    { tok: "cd", len: 21, pipes: 0, seps: 2, lines: 1 },
    { tok: "ls", len: 7, pipes: 0, seps: 0, lines: 1 },
    { tok: "whoami", len: 6, pipes: 0, seps: 0, lines: 1 },
    { tok: "exit", len: 4, pipes: 0, seps: 0, lines: 1 },
  ];
  const today = [
    full(0, "session.connect", { src_port: 4, dst_ip: "10.0.0.1", dst_port: 22, protocol: "ssh" }),
    full(0.1, "client.version", { version: "SSH-2.0-Go" }),
    full(0.2, "client.kex", { hassh, hasshAlgorithms: "…", ...lists }),
    full(1, "login.success", { username: "root", password: "hunter2" }),
    full(1.1, "client.var", { name: "LANG", value: "lt_LT.UTF-8" }),
    full(1.2, "session.params", { arch: "linux-x64-lsb" }),
    full(1.2, "client.size", { width: 80, height: 24 }),
    ...inputs.map((input, index) => full(2 + index, "command.input", { input })),
    full(9, "session.file_download", { url: "http://192.0.2.9/x", outfile: "var/x", shasum: sha256 }),
    full(9, "log.closed", {
      ttylog: "var/t",
      size: 1,
      shasum: "f".repeat(64),
      duplicate: false,
      duration: "8.0",
    }),
    full(9.5, "session.closed", { duration: "9.5" }),
  ];
  const of2018 = today
    .filter((line) => line.eventid !== "cowrie.client.kex")
    .map((line) =>
      line.eventid === "cowrie.client.version"
        ? full(0.1, "client.version", { ...lists, version: "b'SSH-2.0-Go'" })
        : line,
    );
  const reducedLines = [
    reduced(0, "session.connect", { protocol: "ssh", src_port: 4 }),
    reduced(0.1, "client.version", { version: "SSH-2.0-Go" }),
    reduced(0.2, "client.kex", { hassh }),
    reduced(1, "login.success"),
    reduced(1.1, "client.var", { name: "LANG", value: "lt_LT.UTF-8" }),
    reduced(1.2, "client.size", { width: 80, height: 24 }),
    ...shapes.map((shape, index) => reduced(2 + index, "command.input", shape)),
    reduced(9, "session.file_download", { sha256 }),
    reduced(9, "log.closed", { duration: 8, size: 1 }),
    reduced(9.5, "session.closed", { duration: 9.5 }),
  ];
  const table = new Map([[hassh, text]]);

  it("give equal observations, as do the logs of 2018", () => {
    const [message] = messagesOf(new CowrieSensor(table), reducedLines);
    expect(messagesOf(new CowrieSensor(), today)).toEqual([message]);
    expect(messagesOf(new CowrieSensor(), of2018)).toEqual([message]);
    expect(valuesOf(message)).toEqual({
      "toolchain.ssh.hassh_client": hassh,
      "toolchain.ssh.kex_algorithm_order": lists.kexAlgs,
      "toolchain.ssh.client_banner": "SSH-2.0-Go",
      [DURATION]: "short",
      [LATENCY]: "typing_speed",
      [CONSISTENCY]: "metronomic",
      [DIVERSITY]: "linear_playbook",
      [VOCABULARY]: "moderate",
      [RITUAL]: "present",
      [EXIT]: "graceful",
      [PIPES]: "shallow",
      "environmental.locale": "lt_LT.UTF-8",
      "toolchain.payload.sha256": sha256,
    });
  });

  it("send no command text and no credential", () => {
    const sent = JSON.stringify(messagesOf(new CowrieSensor(), today));
    for (const secret of [
      "hunter2",
      "root",
      "cpuinfo",
      "/tmp",
      "uname",
      "whoami",
      "192.0.2.9",
      "f".repeat(64),
    ])
      expect(sent).not.toContain(secret);
  });

  it("give the same bytes every time", () => {
    const once = JSON.stringify(messagesOf(new CowrieSensor(), today));
    expect(JSON.stringify(messagesOf(new CowrieSensor(), today))).toBe(once);
  });
});

describe("[message] of a session", () => {
  it("is the envelope of the contract with one attacker, one window, and the end of the session as ts", () => {
    const [message] = messagesOf(new CowrieSensor(), [
      reduced(0, "session.connect"),
      reduced(2.25, "session.closed", { duration: 2.25 }),
    ]);
    expect(message).toEqual({
      attackerUuid: attackerUuidOfAddress("192.0.2.1"),
      address: "192.0.2.1",
      startTs: BEGIN_TS,
      endTs: BEGIN_TS + 2.25,
      events: [
        {
          v: 1,
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          attacker_uuid: attackerUuidOfAddress("192.0.2.1"),
          primitive: DURATION,
          value: "short",
          confidence: 1,
          window: { start_ts: BEGIN_TS, end_ts: BEGIN_TS + 2.25 },
          source: "sensor.cowrie",
          evidence_ref: "cowrie:pot/s1#close",
          ts: BEGIN_TS + 2.25,
        },
      ],
    });
  });

  it("of another sensor points to another session", () => {
    const line = reduced(0, "session.connect");
    const refs = [
      messagesOf(new CowrieSensor(), [line], "pot-1"),
      messagesOf(new CowrieSensor(), [line], "pot-2"),
      messagesOf(new CowrieSensor(), [{ ...line, sensor: "own-name" }], "pot-2"),
    ].map(([message]) => message?.events[0]);
    expect(refs.map((event) => event?.evidence_ref)).toEqual([
      "cowrie:pot-1/s1#close",
      "cowrie:pot-2/s1#close",
      "cowrie:own-name/s1#close",
    ]);
    expect(new Set(refs.map((event) => event?.id)).size).toBe(3);
  });

  it("comes when the session closes or the log ends, and late lines are counted", () => {
    const sensor = new CowrieSensor();
    const other = { session: "s2", src_ip: "192.0.2.2" };
    expect(sensor.push(reduced(0, "session.connect"), "pot").messages).toEqual([]);
    expect(sensor.push(reduced(1, "session.connect", other), "pot").messages).toEqual([]);
    expect(sensor.push(reduced(2, "session.closed", { duration: 2 }), "pot").messages).toHaveLength(1);
    expect(sensor.push(reduced(3, "log.closed"), "pot").messages).toEqual([]);
    expect(sensor.end().map((message) => message.address)).toEqual(["192.0.2.2"]);
    expect(sensor.counts).toEqual({ sessions: 2, silentSessions: 0, lateLines: 1 });
  });

  it("is not made without an address", () => {
    const sensor = new CowrieSensor();
    expect(messagesOf(sensor, [reduced(0, "session.connect", { src_ip: undefined })])).toEqual([]);
    expect(sensor.counts).toEqual({ sessions: 1, silentSessions: 1, lateLines: 0 });
  });
});

describe("[lines] that are not as expected", () => {
  it.each([
    [null, "not a JSON object"],
    [[], "not a JSON object"],
    [{ ts: isoAt(0) }, "neither eventid nor ev is a text"],
    [{ ev: "cowrie.x", ts: "soon" }, "neither timestamp nor ts is a time after 1970"],
    [{ ...reduced(0, "x"), session: "../../etc" }, "session is no id of letters, digits and . _ : -"],
  ])("%j: %s", (line, reason) => {
    expect(new CowrieSensor().push(line, "pot")).toEqual({ messages: [], problem: reason });
  });

  it("without a session are skipped without a problem", () => {
    const line = { eventid: "cowrie.login.success", timestamp: isoAt(0) };
    expect(new CowrieSensor().push(line, "pot")).toEqual({ messages: [], problem: null });
  });
});
