package dev.aioscope.probe.proc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Whatever a line of /proc/PID/maps, the system call of a thread, its stack, its status and a ring say. */
public final class ProcTextFuzz {
    private ProcTextFuzz() {}

    /** What Jazzer calls. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        ProcText.ring(text);
        ProcText.callOnContext(text);
        ProcText.frames(text);
        ProcText.isInMmapLock(text);
        ProcText.isInExitAio(text);
        ProcText.hasPendingSigkill(text);
        ProcText.cgroup(text);
        ProcText.cgroupMount(text);
        if (bytes.length >= RingHeader.SIZE) {
            RingHeader.of(ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()), 128);
        }
    }
}
