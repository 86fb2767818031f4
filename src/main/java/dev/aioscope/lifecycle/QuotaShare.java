package dev.aioscope.lifecycle;

/**
 * The known share of a process in the quota.
 *
 * @param owner one of its threads
 * @param contexts number of live contexts
 * @param charge their charge to fs.aio-nr
 */
public record QuotaShare(Task owner, int contexts, long charge) {}
