#include "libs/courier/time_text.h"

#include <cstdio>
#include <ctime>

namespace chat::courier {
namespace {

std::tm Parts(int64_t unix_ms) {
  std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

std::string TimeText(int64_t unix_ms) {
  const std::tm parts = Parts(unix_ms);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string ms = std::to_string(unix_ms % 1000);
  return std::string(text, size) + "." + std::string(3 - ms.size(), '0') + ms + "Z";
}

std::string MailDate(int64_t unix_ms) {
  // Not strftime's names: they follow the locale.
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm parts = Parts(unix_ms);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", kDays[parts.tm_wday],
                parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text;
}

}  // namespace chat::courier
