/** Writes reports down: the page benches/RESULTS.md, and the lines on the terminal. */

/**
 * @typedef {{ median: number, low: number, high: number }} Spread
 * @typedef {{ what: string, goal: string | null, ours: string, peer: string, ratio: Spread | null, met: boolean | null }} Row
 * @typedef {{ caption: string, head: string[], rows: string[][] }} Table
 * @typedef {{ title: string, method: string, rows: Row[], tables: Table[], notes: string[] }} Report
 */

/** @param {Report[]} reports */
export function page(reports, state) {
  const goals = reports.flatMap((report) => report.rows).filter((row) => row.met !== null);
  const missed = goals.filter((row) => !row.met).length;
  return `${[
    "# Results",
    "",
    "Written by `npm run bench`; how to read it is said in [README.md](README.md). Ratios are ours over the peer's, the",
    "median of all rounds with the quartiles.",
    "",
    `**${goals.length - missed} of ${goals.length} goals are met, ${missed} missed.**`,
    "",
    ...table(
      ["machine", ""],
      [
        ["date", state.date],
        ["commit of the engine", state.commit],
        ["CPU", `${state.cpu}, ${state.cores} cores`],
        ["memory", state.memory],
        ["system", state.system],
        ["load (1, 5, 15 min) before", state.before],
        ["load after", state.after],
        ...Object.entries(state.versions),
      ],
    ),
    ...reports.flatMap(chapter),
  ].join("\n")}\n`;
}

/** @param {Report} report */
function chapter({ title, method, rows, tables, notes }) {
  const line = ({ what, goal, ours, peer, ratio, met }) => [
    what,
    goal ?? "",
    ours,
    peer,
    ratio === null ? "" : spread(ratio),
    met === null ? "" : met ? "met" : "**missed**",
  ];
  return [
    "",
    `## ${title}`,
    "",
    method,
    "",
    ...table(["what", "goal", "ours", "peer", "ratio (quartiles)", ""], rows.map(line)),
    ...tables.flatMap(({ caption, head, rows }) => ["", `${caption}:`, "", ...table(head, rows)]),
    ...notes.flatMap((note) => ["", note]),
  ];
}

/**
 * One line a goal: goal, number, met or missed.
 *
 * @param {Report} report
 */
export function inBrief({ title, rows }) {
  const line = ({ what, goal, ours, peer, ratio, met }) => {
    const verdict = met === null ? "      " : met ? "met   " : "MISSED";
    const beside = peer === "" ? "" : ` beside ${peer}`;
    const times = ratio === null ? "" : `, ratio ${spread(ratio)}`;
    return `  ${verdict} ${what}: ${ours}${beside}${times}${goal === null ? "" : ` (goal: ${goal})`}`;
  };
  return [title, ...rows.map(line)].join("\n");
}

function spread({ median, low, high }) {
  return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
