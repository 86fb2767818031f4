package dev.aioscope.event;

/** Why a context ends: kill_ioctx has these three callers. */
public enum Trigger {
    /** The program called io_destroy. */
    DESTROY(1),
    /** The address space ended, by exit or by exec (exit_aio). */
    EXIT(2),
    /** io_setup could not copy the handle to the program and destroyed the context. */
    ROLLBACK(3);

    private final int code;

    Trigger(int code) {
        this.code = code;
    }

    /** The value of {@code enum trigger} in {@code probes/event.h}. */
    public int code() {
        return code;
    }

    /** The name in JSON, metrics and spans. */
    public String label() {
        return switch (this) {
            case DESTROY -> "destroy";
            case EXIT -> "exit";
            case ROLLBACK -> "rollback";
        };
    }

    /**
     * The trigger with this code.
     *
     * @throws CorruptEventException if there is none
     */
    static Trigger of(int code) {
        return switch (code) {
            case 1 -> DESTROY;
            case 2 -> EXIT;
            case 3 -> ROLLBACK;
            default -> throw new CorruptEventException("trigger " + code + " does not exist");
        };
    }
}
