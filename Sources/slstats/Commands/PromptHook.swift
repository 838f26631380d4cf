// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

/// What `slstats hook` prints.
///
/// Before each prompt the shell reads one small file by itself, in some ten microseconds: the second from which on a
/// notice is due. Only then, and once for each line of that file, a program is started, which says nothing in CI. It
/// never runs in a script or a pipe, keeps `$?`, and may be installed twice.
struct PromptHook {
    let shell: Completions.Shell
    /// The daemon's file.
    let schedule: String

    private var path: String { "'" + schedule.replacing("'", with: #"'\''"#) + "'" }

    var installation: String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    var removal: String {
        switch shell {
        case .bash:
            #"""
            if [[ "$(declare -p PROMPT_COMMAND 2> /dev/null)" == 'declare -a'* ]]; then
                for __slstats_index in "${!PROMPT_COMMAND[@]}"; do
                    [[ ${PROMPT_COMMAND[__slstats_index]} != __slstats_prompt ]] || unset "PROMPT_COMMAND[__slstats_index]"
                done
                unset __slstats_index
            else
                PROMPT_COMMAND=${PROMPT_COMMAND//$'\n'__slstats_prompt/}
                PROMPT_COMMAND=${PROMPT_COMMAND//__slstats_prompt/}
            fi
            unset -f __slstats_prompt
            unset __slstats_asked

            """#
        case .zsh:
            """
            autoload -Uz add-zsh-hook
            add-zsh-hook -d precmd __slstats_prompt
            unfunction __slstats_prompt 2> /dev/null
            unset __slstats_asked

            """
        case .fish:
            """
            functions --erase __slstats_prompt
            set --erase __slstats_asked

            """
        }
    }

    /// Behind everybody else's prompt commands, which see `$?` and `PIPESTATUS` as they were.
    private var bash: String {
        #"""
        # slstats: notices before the prompt. Taken away by: eval "$(slstats hook bash --remove)"
        if [[ $- == *i* ]]; then
            __slstats_prompt() {
                local status=$? due state now
                if [[ -t 1 && -t 2 ]] && { read -r due state < \#(path); } 2> /dev/null && [[ $due =~ ^[0-9]{1,12}$ ]]; then
                    printf -v now '%(%s)T' -1
                    if [[ "$due $state" != "${__slstats_asked-}" ]] && (( 10#$due <= now )); then
                        __slstats_asked="$due $state"
                        command slstats notifications --at-prompt 2> /dev/null
                    fi
                fi
                return $status
            }
            if [[ "$(declare -p PROMPT_COMMAND 2> /dev/null)" == 'declare -a'* ]]; then
                [[ " ${PROMPT_COMMAND[*]} " == *' __slstats_prompt '* ]] || PROMPT_COMMAND+=(__slstats_prompt)
            elif [[ ${PROMPT_COMMAND-} != *__slstats_prompt* ]]; then
                PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}__slstats_prompt"
            fi
        fi

        """#
    }

    private var zsh: String {
        #"""
        # slstats: notices before the prompt. Taken away by: eval "$(slstats hook zsh --remove)"
        if [[ -o interactive ]] && zmodload zsh/datetime 2> /dev/null; then
            __slstats_prompt() {
                local result=$? due state
                if [[ -t 1 && -t 2 && -r \#(path) ]] && read -r due state < \#(path) && [[ $due == <0-999999999999> ]]; then
                    if [[ "$due $state" != "${__slstats_asked-}" && $due -le $EPOCHSECONDS ]]; then
                        typeset -g __slstats_asked="$due $state"
                        command slstats notifications --at-prompt 2> /dev/null
                    fi
                fi
                return $result
            }
            autoload -Uz add-zsh-hook
            add-zsh-hook precmd __slstats_prompt
        fi

        """#
    }

    /// fish knows no clock; a file that was written then and is so old now does, from fish 3.5 on.
    private var fish: String {
        #"""
        # slstats: notices before the prompt. Taken away by: slstats hook fish --remove | source
        if status is-interactive
            function __slstats_prompt --on-event fish_prompt
                set -l result $status
                set -l file \#(fishPath)
                if isatty stdout; and isatty stderr; and test -r $file
                    read -l due state < $file
                    if test "$due $state" != "$__slstats_asked"; and string match -qr '^[0-9]{1,12}$' -- $due
                        set -l now
                        if builtin -q path
                            set now (math (path mtime -- $file) + (path mtime --relative -- $file))
                        else
                            set now (command date +%s)
                        end
                        if test $due -le $now
                            set -g __slstats_asked "$due $state"
                            command slstats notifications --at-prompt 2> /dev/null
                        end
                    end
                end
                return $result
            end
        end

        """#
    }

    private var fishPath: String {
        "'" + schedule.replacing(#"\"#, with: #"\\"#).replacing("'", with: #"\'"#) + "'"
    }
}
