// The gauges of Observe(), collected at each scrape.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace chat::metrics {

class Observed : public prometheus::Collectable {
 public:
  void Add(std::string name, std::string help, std::function<double()> value);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Gauge {
    std::string name, help;
    std::function<double()> value;
  };
  mutable std::mutex mutex_;
  std::vector<Gauge> gauges_;
};

// Those of the process; lives for ever.
const std::shared_ptr<Observed>& AllObserved();

}  // namespace chat::metrics
