/**
 * The flight recorder: records everything from {@link dev.aioscope.probe.Probes} to a file, and replays it.
 *
 * <p>A recording is a sequence of blocks. Each has its own checksum, so damage affects only its own block. Two concatenated
 * recordings of one run are a valid recording. Numbers are little-endian, except inside records, which are as the kernel
 * wrote them.
 *
 * <pre>
 *   block    0       4       8        12        16              24      28       32
 *            +-------+-------+--------+---------+---------------+-------+--------+-----------
 *            | magic | CRC32C| length | version | first record  | count | 0      | items ...
 *            |       | of the| of the |         | counted since | of    |        |
 *            |       | rest  | items  |         | the beginning | them  |        |
 *            +-------+-------+--------+---------+---------------+-------+--------+-----------
 *   item     | length: 3 bytes | kind: 1 byte | content |
 * </pre>
 *
 * <p>{@link dev.aioscope.recording.Item} lists the kinds of items. A gap in the numbers of the records means lost records,
 * while recording (the disk was too slow or full) or later. The first record of a block without records is -1.
 */
@NullMarked
package dev.aioscope.recording;

import org.jspecify.annotations.NullMarked;
