#include "libs/net/proxy_header.h"

#include <gtest/gtest.h>

namespace chat::net {
namespace {

using State = ProxyHeader::State;

std::string Version2(uint8_t command, uint8_t family, const std::string& body) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  out += static_cast<char>(body.size() >> 8);
  out += static_cast<char>(body.size());
  return out + body;
}

void ExpectDone(const std::string& header, const std::string& source) {
  for (size_t size = 0; size < header.size(); ++size) {
    ASSERT_EQ(ReadProxyHeader(header.substr(0, size)).state, State::kNeedMore) << size;
  }
  const ProxyHeader read = ReadProxyHeader(header + "\x10rest");
  EXPECT_EQ(read.state, State::kDone) << header;
  EXPECT_EQ(read.consumed, header.size());
  EXPECT_EQ(read.source, source);
}

TEST(ProxyHeaderTest, Version1NamesTheClient) {
  ExpectDone("PROXY TCP4 192.0.2.1 198.51.100.7 56324 1883\r\n", "192.0.2.1");
  ExpectDone("PROXY TCP6 2001:DB8:0::1 ::1 1 65535\r\n", "2001:db8::1");
  ExpectDone("PROXY UNKNOWN\r\n", "");
  ExpectDone("PROXY UNKNOWN whatever it says\r\n", "");
}

TEST(ProxyHeaderTest, Version2NamesTheClient) {
  const std::string ports("\x01\x02\x03\x04", 4);
  ExpectDone(Version2(0x21, 0x11, std::string("\xC0\x00\x02\x01\xC6\x33\x64\x07", 8) + ports),
             "192.0.2.1");
  const std::string six("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
  ExpectDone(Version2(0x21, 0x21, six + six + ports + "extension"), "2001:db8::1");
  ExpectDone(Version2(0x20, 0x00, ""), "");
  ExpectDone(Version2(0x21, 0x31, std::string(216, 'u')), "");
}

TEST(ProxyHeaderTest, AnythingElseIsBad) {
  for (const std::string& bad :
       {std::string("\x10\x10"), std::string("GET / HTTP/1.1\r\n"), std::string("PROXY\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.7 56324 x\r\n"),
        std::string("PROXY TCP4 192.0.2.256 198.51.100.7 1 2\r\n"),
        std::string("PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n"),
        std::string("PROXY TCP4  192.0.2.1 198.51.100.7 1 2\r\n"),
        "PROXY TCP4 " + std::string(100, '1'), Version2(0x11, 0x11, std::string(12, 'x')),
        Version2(0x22, 0x11, std::string(12, 'x')), Version2(0x21, 0x11, std::string(11, 'x')),
        Version2(0x21, 0x21, std::string(35, 'x')),
        Version2(0x21, 0x11, std::string(5000, 'x')).substr(0, 16)}) {
    EXPECT_EQ(ReadProxyHeader(bad).state, State::kBad) << bad;
  }
}

}  // namespace
}  // namespace chat::net
