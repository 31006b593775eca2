// Times as machines and mail readers write them. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace chat::courier {

// RFC 3339, UTC, milliseconds: 2017-07-14T02:40:00.007Z.
std::string TimeText(int64_t unix_ms);
// RFC 5322, UTC: Fri, 14 Jul 2017 02:40:00 +0000.
std::string MailDate(int64_t unix_ms);

}  // namespace chat::courier
