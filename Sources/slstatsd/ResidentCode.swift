// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// The code of this process that is in memory.
enum ResidentCode {
    /// Gives the pages of all code and constants back; those that are needed again come from the page cache.
    ///
    /// Loading and starting touches most of what we will ever have in memory: relocations, metadata of all types, parsers
    /// of options and files. A daemon that waits needs a tenth of it. Segments that can be written are left alone, since
    /// what the loader wrote into them is nowhere else (elf(5), madvise(2)).
    static func release() {
        let pageSize = UInt(sysconf(CInt(_SC_PAGESIZE)))
        _ = withUnsafePointer(to: pageSize) { pageSize in
            dl_iterate_phdr(
                { object, _, pageSize in
                    guard let object = object?.pointee, let pageSize = pageSize?.load(as: UInt.self)
                    else { return 0 }
                    for index in 0..<Int(object.dlpi_phnum) {
                        let segment = object.dlpi_phdr[index]
                        guard segment.p_type == UInt32(PT_LOAD), segment.p_flags & UInt32(PF_W) == 0 else { continue }
                        let start = UInt(object.dlpi_addr) + UInt(segment.p_vaddr)
                        let first = (start + pageSize - 1) / pageSize * pageSize
                        let end = (start + UInt(segment.p_memsz)) / pageSize * pageSize
                        guard first < end else { continue }
                        madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED)
                    }
                    return 0
                }, UnsafeMutableRawPointer(mutating: pageSize))
        }
    }
}
