/**
 * The flight recorder: what {@link dev.aioscope.probe.Probes} tell is kept in a file and told again from it.
 *
 * <p>A recording is a sequence of blocks, each with its own checksum, so that what is damaged or cut off takes nothing
 * else with it; two recordings of one run, one after the other, are a recording again. All numbers are little-endian but
 * those inside records, which are as the kernel wrote them.
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
 * <p>The kinds of items are in {@link dev.aioscope.recording.Item}. A gap in the numbers of the records is what was lost,
 * while it was recorded (the disk was too slow, or full) or since. A block that holds no record tells that by the number
 * -1.
 */
@NullMarked
package dev.aioscope.recording;

import org.jspecify.annotations.NullMarked;
