#include "http/core/body/media_signature.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http {
namespace {

using namespace std::string_literals;

TEST(media_signature, tells_the_common_formats) {
  const std::pair<std::string, media_kind> cases[] = {
      {"RIFF\0\0\0\0WAVEfmt "s, media_kind::wav},
      {"RF64\xff\xff\xff\xffWAVEds64"s, media_kind::wav},
      {"RIFX\0\0\0\0WAVEfmt "s, media_kind::wav},
      {"RIFF\0\0\0\0AVI LIST"s, media_kind::other},
      {"ID3\4\0\0\0\0\0\0\0\0\0\0\0\0"s, media_kind::mpeg},
      {"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0\0\0\0\0"s, media_kind::mpeg}, // MPEG 1 layer III
      {"\xff\xf3\x44\xc4\0\0\0\0\0\0\0\0\0\0\0\0"s, media_kind::mpeg}, // MPEG 2 layer III
      {"\xff\xf1\x50\x80\0\0\0\0\0\0\0\0\0\0\0\0"s, media_kind::mpeg}, // ADTS
      {"fLaC\0\0\0\x22\0\0\0\0\0\0\0\0"s, media_kind::flac},
      {"OggS\0\2\0\0\0\0\0\0\0\0\0\0"s, media_kind::ogg},
      {"\0\0\0\x20"s + "ftypM4A \0\0\0\0"s, media_kind::other},
      {"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\xf7\x81\1\x42\xf2\x81"s, media_kind::other},
      {"FORM\0\0\0\0AIFFCOMM"s, media_kind::other},
      {"FORM\0\0\0\0AIFCFVER"s, media_kind::other},
      {".snd\0\0\0\x18\0\0\0\0\0\0\0\0"s, media_kind::other},
      {"#!AMR\n0123456789"s, media_kind::other},
      {"caff\0\1\0\0desc\0\0\0\0"s, media_kind::other},
      {"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"s, media_kind::other},
      {"\x47\x40\0\x10\0\0\xb0\x0d\0\1\xc1\0\0\0\1\xf0"s, media_kind::other},
  };
  for (const auto& [bytes, kind] : cases)
    EXPECT_EQ(identify_media(bytes), kind) << bytes;
}

TEST(media_signature, takes_nothing_else_for_a_recording) {
  for (const auto& bytes :
       {""s, "R"s, "RIFF"s, "RIFF\0\0\0\0WEBPVP8 "s, "Good morning, it is Monday."s,
        "{\"text\": \"no recording\"}"s, "<!doctype html><html>"s, "%PDF-1.7\n%\xe2\xe3\xcf\xd3"s,
        "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s, "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0"s,
        "PK\3\4\x14\0\0\0\x08\0\0\0\0\0\0\0"s, "\x7f"s + "ELF\2\1\1\0\0\0\0\0\0\0\0\0"s,
        std::string(16, '\xff'), std::string(16, '\0'), "FORM\0\0\0\0ILBMBMHD"s})
    EXPECT_EQ(identify_media(bytes), media_kind::unknown) << bytes;
}

} // namespace
} // namespace synapse::http
