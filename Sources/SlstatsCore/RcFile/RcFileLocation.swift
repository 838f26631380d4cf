// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

package import SlstatsProtocol
package import SystemPackage

/// Where a user's rc file is: serverless-semantics.md, section 4.2, "Paths". No other path is ever opened.
package struct RcFileLocation: Sendable, Equatable {
    package let home: FilePath
    package let stage: PlatformStage
    package let usual: FilePath
    package let alternative: FilePath

    package init(home: FilePath, stage: PlatformStage = .production) {
        self.home = home
        self.stage = stage
        usual = home.appending(stage.rcFileName)
        alternative = home.appending(".config").appending(stage.rcFileName)
    }

    /// `~/.serverlessrc`, unless only `~/.config/.serverlessrc` is there. A link that leads nowhere is not there.
    ///
    /// - Returns: the path, and what is known of the file if there is one.
    func find(_ files: any FileSystem) throws(FileError) -> (path: FilePath, status: FileStatus?) {
        if let status = try files.status(of: usual) { return (usual, status) }
        if let status = try files.status(of: alternative) { return (alternative, status) }
        return (usual, nil)
    }
}
