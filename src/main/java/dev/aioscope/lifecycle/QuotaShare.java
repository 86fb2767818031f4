package dev.aioscope.lifecycle;

/**
 * What a process holds of the quota, as far as is known.
 *
 * @param owner one of its threads
 * @param contexts live ones
 * @param charge what they charge to fs.aio-nr
 */
public record QuotaShare(Task owner, int contexts, long charge) {}
