// Package zipkinexporter sends traces to a Zipkin server. The translation is the Collector's own
// (pkg/translator/zipkin); only the delivery is written here, because the exporter that used to do it cannot be had in a current version.
//
// It has neither queue nor retry: the answer of Zipkin is the answer the sender of the spans gets.
package zipkinexporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/translator/zipkin/zipkinv2"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Config is the section `exporters: zipkin:`; `endpoint` is the full URL, `http://host:port/api/v2/spans`.
type Config struct {
	confighttp.ClientConfig `mapstructure:",squash"`
}

// Validate refuses a configuration without an endpoint.
func (c *Config) Validate() error {
	if c.Endpoint == "" {
		return errors.New("endpoint must be set")
	}
	return c.ClientConfig.Validate()
}

// NewFactory is what the Collector's builder looks for.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		component.MustNewType("zipkin"),
		func() component.Config { return &Config{ClientConfig: confighttp.NewDefaultClientConfig()} },
		exporter.WithTraces(newTraces, component.StabilityLevelDevelopment))
}

func newTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	s := &sender{config: cfg.(*Config), settings: set.TelemetrySettings}
	return exporterhelper.NewTraces(ctx, set, cfg, s.send,
		exporterhelper.WithStart(s.start),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}))
}

type sender struct {
	config   *Config
	settings component.TelemetrySettings
	client   *http.Client
}

func (s *sender) start(ctx context.Context, host component.Host) (err error) {
	s.client, err = s.config.ToClient(ctx, host.GetExtensions(), s.settings)
	return err
}

func (s *sender) send(ctx context.Context, traces ptrace.Traces) error {
	body, err := zipkinv2.NewJSONTracesMarshaler().MarshalTraces(traces)
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("not to be expressed in Zipkin's terms: %w", err))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.Endpoint, bytes.NewReader(body))
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
	switch {
	case response.StatusCode < 300:
		return nil
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500:
		return fmt.Errorf("Zipkin answered %s: %s", response.Status, answer)
	default:
		return consumererror.NewPermanent(fmt.Errorf("Zipkin answered %s: %s", response.Status, answer))
	}
}
