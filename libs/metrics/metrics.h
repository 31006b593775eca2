// Metrics over prometheus-cpp. A process has one registry; a metric is made once, at start, and
// kept by reference. Counting is lock free and may happen on any thread. Names follow the
// Prometheus conventions and begin with `chat_`.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace chat::metrics {

using Labels = std::map<std::string, std::string>;

// The process's registry; lives for ever.
prometheus::Registry& Registry();

// The metric of this name and labels, made at the first call. Cheap enough for start-up, not for a
// hot path: keep the reference.
prometheus::Counter& Counter(const std::string& name, const std::string& help, const Labels& = {});
prometheus::Gauge& Gauge(const std::string& name, const std::string& help, const Labels& = {});
prometheus::Histogram& Histogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& buckets, const Labels& = {});

// A gauge whose value is asked for at each scrape, on the scrape's thread; `value` lives as long as
// the process. Once per name.
void Observe(const std::string& name, const std::string& help, std::function<double()> value);

// 50 us to 10 s, for times in seconds.
const std::vector<double>& TimeBuckets();

// Serves GET /metrics on `listen` ("host:port"; port 0 picks one) until destroyed, and adds process
// and build figures. Fails when the address is taken.
class Exposer {
 public:
  explicit Exposer(const std::string& listen);  // check ok() before use
  ~Exposer();
  bool ok() const;
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chat::metrics
