// bert: says what hex payloads are, for client authors.
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"
#include "libs/client/content.h"
#include "services/cli/commands.h"
#include "services/cli/hex.h"
#include "services/cli/received.h"

namespace chat::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxLine = size_t{256} << 20;

// Lines of stdin without their ends, each as soon as it is there: a program may ask line by line.
class Lines {
 public:
  // False at the end of the input. `cut`: the line is longer than kMaxLine, its rest is dropped.
  bool Next(std::string* line, bool* cut) {
    line->clear();
    *cut = false;
    bool any = false;
    while (Fill()) {
      any = true;
      const std::string_view rest(buffer_ + begin_, end_ - begin_);
      const size_t newline = rest.find('\n');
      const std::string_view part = rest.substr(0, newline);
      begin_ += part.size() + (newline == std::string_view::npos ? 0 : 1);
      *cut = *cut || line->size() + part.size() > kMaxLine;
      if (!*cut) line->append(part);
      if (newline != std::string_view::npos) return true;
    }
    return any;
  }

 private:
  bool Fill() {
    while (begin_ == end_) {
      const ssize_t count = read(STDIN_FILENO, buffer_, sizeof(buffer_));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      begin_ = 0;
      end_ = static_cast<size_t>(count);
    }
    return true;
  }

  char buffer_[65'536];
  size_t begin_ = 0;
  size_t end_ = 0;
};

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

Json Report(std::string_view line, bool cut) {
  Json report = {
      {"term", nullptr}, {"canonical", nullptr}, {"record", nullptr}, {"error", nullptr}};
  const std::optional<std::string> payload = cut ? std::nullopt : FromHex(Trim(line));
  if (!payload) {
    report["error"] = cut ? "the line is too long" : "the line is not hex";
    return report;
  }
  const auto content = client::ReadContent(*payload);
  if (!content.ok()) {
    report["error"] = Message(content.status());
    return report;
  }
  report["term"] = bert::ToErlangText(content->term);
  report["canonical"] = ToHex(bert::Encode(content->term));
  if (!content->record_name().empty()) report["record"] = content->record_name();
  if (!content->misfit.empty()) report["error"] = content->misfit;
  return report;
}

}  // namespace

absl::Status Bert(const Arguments&) {
  Lines lines;
  std::string line;
  bool cut = false;
  while (lines.Next(&line, &cut)) {
    const Json report = Report(line, cut);
    CHAT_RETURN_IF_ERROR(PrintLine(report.dump(-1, ' ', false, Json::error_handler_t::replace)));
  }
  return absl::OkStatus();
}

}  // namespace chat::cli
