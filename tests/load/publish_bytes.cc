#include "tests/load/publish_bytes.h"

namespace chat::load {

size_t PublishBytes(std::string_view topic, std::string_view payload, mqtt::Qos qos) {
  const size_t packet_id = qos == mqtt::Qos::kAtMostOnce ? 0 : 2;
  const size_t remaining = 2 + topic.size() + packet_id + payload.size();
  size_t fixed_header = 2;
  for (size_t rest = remaining >> 7; rest > 0; rest >>= 7) ++fixed_header;  // 2.2.3
  return fixed_header + remaining;
}

}  // namespace chat::load
