package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Installs the packages for arm64 in guests, and observes the demo there. Each guest takes a minute or two. */
@Tag("all")
class Arm64PackagesIT {
    /** The root has no package database, so dependencies are unknown. */
    private static final String INSTALL_DEB = "dpkg --force-depends --install target/packages/*_arm64.deb";

    private static final String INSTALL_RPM = "rpm --nodeps --force-debian --install target/packages/*.aarch64.rpm";

    /** Unpacks the .tar.gz to /root/aioscope, and makes /root a root with glibc and the lab's busybox. */
    private static final String MAKE_ROOT_WITH_TAR = """
            cd /
            tar -C /root -xzf "$OLDPWD"/target/packages/*-linux-aarch64.tar.gz
            mv /root/aioscope-* /root/aioscope
            mkdir -p /root/bin /root/proc /root/sys /root/dev /root/tmp
            cp /run/lab/busybox /root/bin/
            cp --parents --dereference /lib/ld-linux-aarch64.so.1 /root
            for name in c dl m pthread rt; do
                cp --parents --dereference /lib/aarch64-linux-gnu/lib$name.so.[0-9] /root
            done
            for one in proc sys dev; do /run/lab/bin/mount --rbind /$one /root/$one; done
            chroot /root /bin/busybox --install -s /bin
            """;

    @BeforeAll
    static void prepare() throws IOException {
        Commands.run("packaging/lab/lab", "fetch", "arm64/5.10", "arm64/6.12", "arm64/debian12");
        PackageFiles.buildForArm64();
    }

    @ParameterizedTest
    @ValueSource(strings = {"5.10", "6.12"})
    void debObservesDemoInTierFull(String kernel) throws IOException {
        assertWorks(kernel, "debian12", INSTALL_DEB, "", "/usr/lib/aioscope");
    }

    @ParameterizedTest
    @ValueSource(strings = {"5.10", "6.12"})
    void rpmObservesDemoInTierFull(String kernel) throws IOException {
        assertWorks(kernel, "debian12-tools", INSTALL_RPM, "", "/usr/lib/aioscope");
    }

    @ParameterizedTest
    @ValueSource(strings = {"5.10", "6.12"})
    void tarObservesDemoInTierFullWithOnlyGlibcAndBusybox(String kernel) throws IOException {
        assertWorks(kernel, "debian12", MAKE_ROOT_WITH_TAR, "chroot /root", "/aioscope");
    }

    private static void assertWorks(String kernel, String root, String install, String run, String home)
            throws IOException {
        // -Xshare:on fails if the start-up archive is unusable.
        String script = String.join(
                "\n",
                "set -e",
                install,
                run + " " + home + "/runtime/bin/java -Xshare:on -jar " + home + "/aioscope.jar version",
                run + " " + home + "/aioscope doctor",
                run + " " + home + "/aioscope demo --watch");
        CommandResult guest = Commands.execute(
                "packaging/lab/lab", "run", "arm64/" + kernel, "--root", root, "--", "sh", "-c", script);
        assertThat(guest.output())
                .containsPattern("ok full +works\n")
                .containsPattern("ok core +libbpf \\S+ of the package\n")
                .contains("Tier full, engine core,", "Everything was observed.")
                .doesNotContain("WARNING");
        assertThat(guest.status()).isZero();
    }
}
