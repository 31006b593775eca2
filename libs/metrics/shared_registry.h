// The process's registry as the exposer wants it.
#pragma once

#include <prometheus/registry.h>

#include <memory>

namespace chat::metrics {

const std::shared_ptr<prometheus::Registry>& SharedRegistry();

}  // namespace chat::metrics
