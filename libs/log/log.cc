#include "libs/log/log.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <mutex>

#include "libs/log/json.h"

namespace chat::log {
namespace {

constexpr size_t kLongestValue = 8192;  // bytes of one value in a line
constexpr const char* kLevelNames[] = {"debug", "info", "warn", "error"};

struct Sink {
  std::string process = "unnamed";
  std::atomic<Level> level{Level::kInfo};
  std::mutex mutex;  // a line longer than PIPE_BUF would mix with another thread's
};

Sink& TheSink() {
  static Sink* const sink = new Sink;
  return *sink;
}

void AppendTime(std::string* out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(now.tv_nsec / 1'000'000));
  out->append(text);
}

struct AppendValue {
  std::string* out;
  void operator()(int64_t value) const { out->append(std::to_string(value)); }
  void operator()(bool value) const { out->append(value ? "true" : "false"); }
  void operator()(double value) const {
    if (!std::isfinite(value)) {
      out->append("null");
      return;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    out->append(text);
  }
  void operator()(std::string_view value) const { AppendJsonString(value, kLongestValue, out); }
};

void WriteWhole(std::string_view line) {
  std::lock_guard lock(TheSink().mutex);
  while (!line.empty()) {
    ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    line.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void Start(std::string process, Level level) {
  TheSink().process = std::move(process);
  TheSink().level = level;
}

bool ParseLevel(std::string_view text, Level* level) {
  for (size_t i = 0; i < std::size(kLevelNames); ++i) {
    if (text == kLevelNames[i]) {
      *level = static_cast<Level>(i);
      return true;
    }
  }
  *level = Level::kInfo;
  return false;
}

void Write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < TheSink().level.load(std::memory_order_relaxed)) return;
  int error = errno;
  try {
    std::string line;
    line.reserve(256);
    line.append("{\"time\":");
    AppendTime(&line);
    line.append(",\"level\":\"").append(kLevelNames[static_cast<size_t>(level)]);
    line.append("\",\"process\":");
    AppendJsonString(TheSink().process, kLongestValue, &line);
    line.append(",\"message\":");
    AppendJsonString(message, kLongestValue, &line);
    for (const Field& field : fields) {
      line.push_back(',');
      AppendJsonString(field.key, kLongestValue, &line);
      line.push_back(':');
      std::visit(AppendValue{&line}, field.value);
    }
    line.append("}\n");
    WriteWhole(line);
  } catch (...) {  // no memory for a line: the work goes on without it
  }
  errno = error;
}

std::string Masked(std::string_view secret) {
  constexpr size_t kEnoughForBothEnds = 10;
  constexpr size_t kEnoughForTheHead = 6;
  if (secret.empty()) return "";
  std::string masked;
  if (secret.size() >= kEnoughForBothEnds) {
    masked = secret.substr(0, 4);
  } else if (secret.size() >= kEnoughForTheHead) {
    masked = secret.substr(0, 2);
  }
  masked += "…";
  if (secret.size() >= kEnoughForBothEnds) masked += secret.substr(secret.size() - 2);
  return masked;
}

}  // namespace chat::log
