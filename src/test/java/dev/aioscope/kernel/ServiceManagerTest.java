package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceManagerTest {
    @TempDir
    private Path folder;

    private static void notifyAllStates(ServiceManager manager) {
        manager.ready();
        manager.status("a");
        manager.status("a");
        manager.status("b");
        manager.alive();
        manager.reloading();
        manager.stopping();
    }

    @Test
    void sendsAllMessagesAndRepeatedStatusOnce() {
        String path = folder.resolve("notify").toString();
        try (NotifySocket systemd = new NotifySocket(path);
                ServiceManager manager =
                        new ServiceManager(Map.of("NOTIFY_SOCKET", path, "WATCHDOG_USEC", "1000000"))) {
            notifyAllStates(manager);
            List<String> received = systemd.received();
            assertThat(received).hasSize(6);
            assertThat(received.subList(0, 4)).containsExactly("READY=1", "STATUS=a", "STATUS=b", "WATCHDOG=1");
            assertThat(received.get(4)).matches("RELOADING=1\nMONOTONIC_USEC=\\d+");
            assertThat(received.get(5)).isEqualTo("STOPPING=1");
        }
    }

    @Test
    void sendsToAbstractSocket() {
        String name = "@aioscope-test-" + ProcessHandle.current().pid();
        try (NotifySocket systemd = new NotifySocket(name);
                ServiceManager manager = new ServiceManager(Map.of("NOTIFY_SOCKET", name))) {
            manager.ready();
            assertThat(systemd.received()).containsExactly("READY=1");
        }
    }

    @Test
    void sendsWatchdogOnlyForItsOwnPid() {
        String path = folder.resolve("notify").toString();
        try (NotifySocket systemd = new NotifySocket(path);
                ServiceManager meant = new ServiceManager(Map.of("NOTIFY_SOCKET", path, "WATCHDOG_USEC", "1000000"));
                ServiceManager other = new ServiceManager(
                        Map.of("NOTIFY_SOCKET", path, "WATCHDOG_USEC", "1000000", "WATCHDOG_PID", "1"));
                ServiceManager without = new ServiceManager(Map.of("NOTIFY_SOCKET", path))) {
            assertThat(meant.pulse()).isEqualTo(Duration.ofMillis(500));
            assertThat(other.pulse()).isEqualTo(without.pulse()).isGreaterThan(Duration.ofDays(1));
            other.alive();
            without.alive();
            assertThat(systemd.received()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "infinity", "999999999999999999", "18446744073709551615"})
    void ignoresWatchdogWithoutUsableTimeout(String micros) {
        String path = folder.resolve("notify").toString();
        try (NotifySocket systemd = new NotifySocket(path);
                ServiceManager manager = new ServiceManager(Map.of("NOTIFY_SOCKET", path, "WATCHDOG_USEC", micros))) {
            assertThat(manager.pulse().toNanos())
                    .isGreaterThan(Duration.ofDays(1).toNanos());
            manager.alive();
            assertThat(systemd.received()).isEmpty();
        }
    }

    @Test
    void sendsNothingWithoutSystemd() {
        for (String socket : new String[] {"", "vsock:2:1", "/none/at/all", "/" + "x".repeat(200)}) {
            try (ServiceManager manager = new ServiceManager(Map.of("NOTIFY_SOCKET", socket))) {
                notifyAllStates(manager);
            }
        }
    }
}
