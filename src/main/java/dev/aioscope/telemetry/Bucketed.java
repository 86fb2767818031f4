package dev.aioscope.telemetry;

/** A meter with buckets. */
interface Bucketed {
    /** The live buckets. */
    Buckets buckets();
}
