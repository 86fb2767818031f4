package dev.aioscope.cli.option;

import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The option that says where the eBPF programs come from. */
final class EngineOptions {
    enum EngineOption {
        AUTO,
        CORE,
        BCC;

        private List<Engine> engines() {
            return switch (this) {
                case AUTO -> List.of(new CoreEngine(), new BccEngine());
                case CORE -> List.of(new CoreEngine());
                case BCC -> List.of(new BccEngine());
            };
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Mixin
    @SuppressWarnings("UnusedVariable") // SettingsModel finds it by its name.
    private ConfigOption config;

    @Configurable(everywhere = true)
    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            defaultValue = "auto",
            description = {
                "Where the eBPF programs come from: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
                "core: from the jar, loaded by libbpf. bcc: compiled on this host by libbcc, without kernel headers."
                        + " auto takes core and, where it cannot work, bcc. The tier proc needs none."
            })
    private EngineOption engine = EngineOption.AUTO;

    /** Those that may be tried, the preferred one first. */
    List<Engine> all() {
        return engine.engines();
    }

    /**
     * The tiers to try.
     *
     * @param wanted has the name of a tier, or AUTO for these, without {@code proc} if an engine was asked for
     */
    List<Tier> tiers(Enum<?> wanted, List<Tier> tiers) {
        if (!wanted.name().equals("AUTO")) {
            return List.of(Tier.valueOf(wanted.name()));
        }
        return engine == EngineOption.AUTO
                ? tiers
                : tiers.stream().filter(tier -> tier != Tier.PROC).toList();
    }
}
