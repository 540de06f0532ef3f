import { pathsOf } from "./bash.ts";
import type { Node, Word } from "./tree.ts";

/** Gives the script for zsh, which shows what each word is for. */
export function zshScript(tree: readonly Node[]): string {
  const cases = tree.map(
    ({ path, commands, options }) =>
      `    "${path}") offered=(${[...commands, ...options].map(described).join(" ")}) ;;`,
  );
  return `#compdef posthorn
_posthorn() {
  local at="" word
  local -a offered
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case " ${pathsOf(tree)} " in
      *" \${at:+$at/}$word "*) at="\${at:+$at/}$word" ;;
    esac
  done
  case "\${at//\\// }" in
${cases.join("\n")}
  esac
  _describe 'posthorn' offered
  _files
}
compdef _posthorn posthorn
`;
}

/** A word and what it is for, quoted; a colon parts them. */
function described({ word, what }: Word): string {
  return `'${word.replaceAll(":", "\\:")}:${what.replaceAll("'", "’")}'`;
}
