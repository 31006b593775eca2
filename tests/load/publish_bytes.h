#pragma once

#include <cstddef>
#include <string_view>

#include "libs/mqtt/packet.h"

namespace chat::load {

// The size of a PUBLISH of MQTT 3.1.1 with this topic and payload.
size_t PublishBytes(std::string_view topic, std::string_view payload, mqtt::Qos qos);

}  // namespace chat::load
