// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

// fuzz TARGET [LIBFUZZER OPTION...] [CORPUS...]: one of the targets under libFuzzer.

import FuzzTargets
import Glibc

/// libFuzzer without a `main` of its own (llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a library").
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ target: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
    print("usage: fuzz TARGET [OPTION...] [CORPUS...]; targets: \(FuzzTarget.allCases.map(\.rawValue))")
    exit(64)
}
// libFuzzer's callback takes nothing with it.
let chosen = target
var arguments = CommandLine.unsafeArgv
var count = CommandLine.argc - 1
arguments[1] = arguments[0]
arguments += 1
exit(
    runFuzzer(&count, &arguments) { bytes, count in
        chosen.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
    })
