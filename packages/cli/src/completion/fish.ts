import type { Node, Word } from "./tree.ts";

/** Gives the script for fish, which shows what each word is for. */
export function fishScript(tree: readonly Node[]): string {
  const paths = tree.flatMap(({ path }) => (path === "" ? [] : `'${path}'`));
  return `# fish completion of posthorn
function __posthorn_path
    set -l path ''
    for word in (commandline -opc)[2..]
        set -l next (string trim "$path $word")
        if contains -- "$next" ${paths.join(" ")}
            set path "$next"
        end
    end
    echo $path
end
${tree.map(linesOf).join("\n")}
`;
}

function linesOf({ path, commands, options }: Node): string {
  const when = `-n 'test (__posthorn_path) = "${path}"'`;
  const words = commands.map(
    ({ word, what }) => `complete -c posthorn -f ${when} -a ${word} -d '${quoted(what)}'`,
  );
  const flags = options.map((option) => optionLine(option, when));
  return [...words, ...flags].join("\n");
}

function optionLine({ word, what }: Word, when: string): string {
  return `complete -c posthorn ${when} -l ${word.slice(2)} -d '${quoted(what)}'`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "’");
}
