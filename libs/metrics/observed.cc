#include "libs/metrics/observed.h"

#include <prometheus/metric_family.h>

#include <utility>

#include "libs/metrics/metrics.h"

namespace chat::metrics {

void Observed::Add(std::string name, std::string help, std::function<double()> value) {
  std::lock_guard lock(mutex_);
  gauges_.push_back({std::move(name), std::move(help), std::move(value)});
}

std::vector<prometheus::MetricFamily> Observed::Collect() const {
  std::lock_guard lock(mutex_);
  std::vector<prometheus::MetricFamily> families;
  for (const Gauge& gauge : gauges_) {
    prometheus::MetricFamily& family = families.emplace_back();
    family.name = gauge.name;
    family.help = gauge.help;
    family.type = prometheus::MetricType::Gauge;
    family.metric.resize(1);
    family.metric[0].gauge.value = gauge.value();
  }
  return families;
}

const std::shared_ptr<Observed>& AllObserved() {
  static const auto* const observed = new std::shared_ptr<Observed>(std::make_shared<Observed>());
  return *observed;
}

void Observe(const std::string& name, const std::string& help, std::function<double()> value) {
  AllObserved()->Add(name, help, std::move(value));
}

}  // namespace chat::metrics
