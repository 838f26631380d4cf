// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

import SlstatsProtocol
import Testing

@Suite("Where the socket is")
struct SocketLocationTests {
    private func surroundings(_ variables: [String: String], own: [String: UInt32]) -> SocketLocation.Surroundings {
        SocketLocation.Surroundings(userID: 1000, variable: { variables[$0] }, modeOfOwnFolder: { own[$0] })
    }

    private func resolve(_ variables: [String: String], own: Set<String> = []) throws(SocketLocationError) -> String {
        let modes = Dictionary(uniqueKeysWithValues: own.map { ($0, 0o700 as UInt32) })
        return try SocketLocation.resolve(surroundings(variables, own: modes)).path
    }

    @Test("an explicit path wins")
    func explicit() throws {
        let path = try resolve(
            ["SLSTATS_SOCKET": "/tmp/x/s.sock", "XDG_RUNTIME_DIR": "/run/user/1000"], own: ["/run/user/1000"])

        #expect(path == "/tmp/x/s.sock")
    }

    @Test("the runtime folder comes next, found without its variable as well (sudo, cron)")
    func runtimeFolder() throws {
        #expect(try resolve(["XDG_RUNTIME_DIR": "/r/"], own: ["/r"]) == "/r/slstats/slstatsd.sock")
        #expect(try resolve([:], own: ["/run/user/1000"]) == "/run/user/1000/slstats/slstatsd.sock")
    }

    @Test(
        "a runtime folder that is unset, empty, relative or not ours is passed over",
        arguments: [[:], ["XDG_RUNTIME_DIR": ""], ["XDG_RUNTIME_DIR": "run"], ["XDG_RUNTIME_DIR": "/run/user/0"]])
    func otherRuntimeFolders(_ variables: [String: String]) throws {
        let path = try resolve(variables.merging(["HOME": "/home/u"]) { $1 }, own: ["/home/u/."])

        #expect(path == "/home/u/.local/state/slstats/slstatsd.sock")
    }

    @Test(
        "a runtime folder in which others may write is passed over, and it says so", arguments: [0o777, 0o770, 0o702])
    func sharedRuntimeFolder(_ mode: UInt32) throws {
        let surroundings = surroundings(
            ["XDG_RUNTIME_DIR": "/r", "HOME": "/home/u"], own: ["/r": mode, "/home/u/.": 0o755])
        #expect(
            try SocketLocation.resolve(surroundings).path == "/home/u/.local/state/slstats/slstatsd.sock")
        #expect(surroundings.passedOver == "XDG_RUNTIME_DIR is /r, in which others may write")
    }

    @Test(
        "why a runtime folder was passed over",
        arguments: [
            ([:], nil), (["XDG_RUNTIME_DIR": "/r"], nil), (["XDG_RUNTIME_DIR": "", "SLSTATS_SOCKET": "/s"], nil),
            (["XDG_RUNTIME_DIR": ""], "XDG_RUNTIME_DIR is empty"),
            (["XDG_RUNTIME_DIR": "r"], "XDG_RUNTIME_DIR is r, which is not an absolute path"),
            (["XDG_RUNTIME_DIR": "/x"], "XDG_RUNTIME_DIR is /x, which is not a folder of yours"),
        ] as [([String: String], String?)])
    func passedOver(_ variables: [String: String], _ reason: String?) {
        #expect(surroundings(variables, own: ["/r": 0o755]).passedOver == reason)
    }

    @Test("the state folder obeys XDG_STATE_HOME if it is absolute")
    func stateFolder() throws {
        #expect(try resolve(["XDG_STATE_HOME": "/s", "HOME": "/home/u"]) == "/s/slstats/slstatsd.sock")
        #expect(
            try resolve(["XDG_STATE_HOME": "s", "HOME": "/home/u"], own: ["/home/u/."])
                == "/home/u/.local/state/slstats/slstatsd.sock")
    }

    @Test("a home of somebody else, as sudo leaves it, is no place [F043]")
    func foreignHome() {
        #expect(throws: SocketLocationError(code: .noHome, path: "")) { try resolve(["HOME": "/home/other"]) }
    }

    @Test("without a home there is no place, and it says so", arguments: [[:], ["HOME": ""], ["HOME": "/"]])
    func noHome(_ variables: [String: String]) {
        #expect(throws: SocketLocationError(code: .noHome, path: "")) { try resolve(variables) }
    }

    @Test("103 bytes fit, 104 do not, and the error names path and limit")
    func tooLong() throws {
        let longest = "/" + String(repeating: "a", count: 102)

        #expect(try resolve(["SLSTATS_SOCKET": longest]) == longest)
        let error = #expect(throws: SocketLocationError.self) { try resolve(["SLSTATS_SOCKET": longest + "a"]) }
        #expect(error?.description.contains(longest + "a") == true)
        #expect(error?.description.contains("103") == true)
    }
}
