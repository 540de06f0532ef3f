import type { Node } from "./tree.ts";

/** Gives the script for bash; after an option that takes a file, files complete. */
export function bashScript(tree: readonly Node[]): string {
  const cases = tree.map(
    ({ path, commands, options }) =>
      `    "${path}") words="${[...commands, ...options].map(({ word }) => word).join(" ")}" ;;`,
  );
  return `# bash completion of posthorn
_posthorn() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" word words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case " ${pathsOf(tree)} " in
      *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;;
    esac
  done
  case "\${path//\\// }" in
${cases.join("\n")}
  esac
  if [[ "$cur" == -* || "$words" != -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
  [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$cur"))
}
complete -F _posthorn posthorn
`;
}

/** Paths with slashes, so that spaces part them. */
export function pathsOf(tree: readonly Node[]): string {
  return tree.flatMap(({ path }) => (path === "" ? [] : path.replaceAll(" ", "/"))).join(" ");
}
