#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "libs/bert/decode.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"

// Every golden vector against libs/bert; vectors/README.md says what each group of them demands.

namespace chat::bert {
namespace {

std::filesystem::path VectorsFolder() {
  const char* root = std::getenv("CHAT_SOURCE_DIR");
  return std::filesystem::path(root == nullptr ? "." : root) / "tests" / "contract" / "vectors";
}

std::vector<std::string> VectorFiles() {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(VectorsFolder(), missing)) {
    if (entry.path().extension() == ".jsonl") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<nlohmann::json> ReadVectors(const std::string& name) {
  std::ifstream file(VectorsFolder() / (name + ".jsonl"));
  std::vector<nlohmann::json> vectors;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) vectors.push_back(nlohmann::json::parse(line));
  }
  return vectors;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Term Parse(std::string_view text) {
  auto parsed = ParseErlangText(text);
  EXPECT_TRUE(parsed.ok()) << parsed.error() << " in " << text.substr(0, 200);
  return parsed.ok() ? std::move(parsed).term() : Term();
}

// What stands between the parentheses of `function(...)`, if `text` is that.
std::optional<std::string_view> Arguments(std::string_view text, std::string_view function) {
  if (!text.starts_with(function) || !text.ends_with(')')) return std::nullopt;
  text.remove_prefix(function.size() + 1);
  text.remove_suffix(1);
  return text;
}

size_t Number(std::string_view text) {
  size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// A term, or an expression that gives one: lists:duplicate(Count,Term), binary:copy(Binary,Count).
Term Evaluate(std::string_view text) {
  if (const auto list = Arguments(text, "lists:duplicate")) {
    const size_t comma = list->find(',');
    return Term::List(
        std::vector<Term>(Number(list->substr(0, comma)), Parse(list->substr(comma + 1))));
  }
  if (const auto binary = Arguments(text, "binary:copy")) {
    const size_t comma = binary->rfind(',');
    const Term part = Parse(binary->substr(0, comma));
    std::string bytes;
    for (size_t i = Number(binary->substr(comma + 1)); i > 0; --i)
      bytes += part.AsBinary().value_or("");
    return Term::Binary(bytes);
  }
  return Parse(text);
}

bool IsExpression(std::string_view text) {
  return Arguments(text, "lists:duplicate") || Arguments(text, "binary:copy");
}

void CheckAccepted(const nlohmann::json& vector) {
  const std::string payload = FromHex(vector.at("hex"));
  const std::string text = vector.at("term");
  const auto decoded = Decode(payload);
  ASSERT_TRUE(decoded.ok()) << decoded.error();
  const Term expected = Evaluate(text);
  EXPECT_EQ(decoded.term(), expected);
  if (!IsExpression(text)) {
    EXPECT_EQ(ToErlangText(decoded.term()), text);
  }
  const std::string encoded = Encode(decoded.term());
  EXPECT_EQ(encoded == payload, vector.at("canonical").get<bool>());
  EXPECT_EQ(encoded, Encode(expected));
  if (vector.contains("normal")) {
    const std::string normal = vector.at("normal");
    EXPECT_EQ(ToErlangText(Parse(normal)), normal);
  }
}

void CheckVector(const nlohmann::json& vector) {
  SCOPED_TRACE(vector.at("name").get<std::string>());
  if (vector.contains("term")) {
    CheckAccepted(vector);
  } else {
    EXPECT_FALSE(Decode(FromHex(vector.at("hex"))).ok()) << vector.at("why");
  }
}

class BertVectorsTest : public testing::TestWithParam<std::string> {};

TEST_P(BertVectorsTest, EveryVectorIsReadWrittenOrRefusedAsErlangDoes) {
  const auto vectors = ReadVectors(GetParam());
  ASSERT_FALSE(vectors.empty());
  for (const auto& vector : vectors) CheckVector(vector);
}

INSTANTIATE_TEST_SUITE_P(AllFiles, BertVectorsTest, testing::ValuesIn(VectorFiles()),
                         [](const auto& info) { return info.param; });

TEST(BertVectorsFolderTest, EveryGroupIsThere) {
  const auto files = VectorFiles();
  for (const char* group :
       {"codec_containers", "codec_large", "codec_noncanonical", "codec_scalars", "legacy",
        "malformed", "policy", "records", "rpc_auth", "rpc_message"}) {
    EXPECT_NE(std::find(files.begin(), files.end(), group), files.end()) << group;
  }
}

}  // namespace
}  // namespace chat::bert
