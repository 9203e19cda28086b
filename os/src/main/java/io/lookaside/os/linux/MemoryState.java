package io.lookaside.os.linux;

/**
 * What memory and swap hold at a moment, in pages of 4 KiB, with the names of /proc/meminfo.
 *
 * @param cycles the time of the processes, since boot
 * @param free MemFree
 * @param activeAnon Active(anon)
 * @param inactiveAnon Inactive(anon)
 * @param activeFile Active(file)
 * @param inactiveFile Inactive(file)
 * @param unevictable Unevictable
 * @param dirty Dirty
 * @param writeback Writeback: pages of files and of swap that are being written
 * @param swapTotal SwapTotal
 * @param swapFree SwapFree
 * @param swapCached SwapCached
 * @param cached pages of files, those of shared memory included
 * @param kswapdAwake whether kswapd works
 */
public record MemoryState(
    long cycles,
    long free,
    long activeAnon,
    long inactiveAnon,
    long activeFile,
    long inactiveFile,
    long unevictable,
    long dirty,
    long writeback,
    long swapTotal,
    long swapFree,
    long swapCached,
    long cached,
    boolean kswapdAwake) {}
