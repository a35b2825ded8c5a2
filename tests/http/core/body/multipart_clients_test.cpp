// Bodies as clients write them. Those of curl, Python, Go and Node were recorded on the wire, those
// of browsers and the OpenAI SDK's form follow what they send.
#include "tests/http/core/body/multipart_support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using test::pieces_of;
using test::read_body;
using test::read_multipart;
using test::read_part;
using namespace std::string_literals;

void expect_read(const std::string& content_type, const std::string& body,
                 std::vector<read_part> parts) {
  multipart_error error = multipart_error::none;
  const std::string boundary = multipart_boundary(content_type, error);
  ASSERT_EQ(error, multipart_error::none);
  for (read_part& p : parts)
    p.whole = true;
  const read_body expected{std::move(parts), true, multipart_error::none};
  EXPECT_EQ(read_multipart(body, boundary), expected);
  EXPECT_EQ(read_multipart(body, boundary, pieces_of(1, body.size())), expected);
  for (std::size_t i = 0; i <= body.size(); ++i)
    ASSERT_EQ(read_multipart(body, boundary, {i}), expected) << "split at " << i;
}

const std::string sound = "RIFF\r\n--x\0y"s;

TEST(multipart_clients, curl) {
  expect_read(
      "multipart/form-data; boundary=------------------------f82d494260a8fde8",
      "--------------------------f82d494260a8fde8\r\n"
      "Content-Disposition: form-data; name=\"na%22me\"\r\n\r\nv\r\n"
      "--------------------------f82d494260a8fde8\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"q%22uo\\te.wav\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\nRIFF\r\n--x\0y\r\n"
      "--------------------------f82d494260a8fde8\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"s\xc3\xbc\xc3\x9f.wav\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\nRIFF\r\n--x\0y\r\n"
      "--------------------------f82d494260a8fde8\r\n"
      "Content-Disposition: form-data; name=\"empty\"; filename=\"empty.wav\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n\r\n"
      "--------------------------f82d494260a8fde8--\r\n"s,
      {{"na\"me", false, "", "", "v"},
       {"file", true, "q\"uo\\te.wav", "application/octet-stream", sound},
       {"file", true, "s\xc3\xbc\xc3\x9f.wav", "application/octet-stream", sound},
       {"empty", true, "empty.wav", "application/octet-stream", ""}});
}

TEST(multipart_clients, curl_with_form_escape) {
  expect_read("multipart/form-data; boundary=------------------------f881a593dc8d07c1",
              "--------------------------f881a593dc8d07c1\r\n"
              "Content-Disposition: form-data; name=\"na\\\"me\"\r\n\r\nv\r\n"
              "--------------------------f881a593dc8d07c1\r\n"
              "Content-Disposition: form-data; name=\"file\"; filename=\"q\\\"uo\\\\te.wav\"\r\n"
              "Content-Type: application/octet-stream\r\n\r\nRIFF\r\n--x\0y\r\n"
              "--------------------------f881a593dc8d07c1--\r\n"s,
              {{"na\"me", false, "", "", "v"},
               {"file", true, "q\"uo\\te.wav", "application/octet-stream", sound}});
}

TEST(multipart_clients, python_requests) {
  expect_read("multipart/form-data; boundary=baf7a18244348e43e627ea1a5a2e0e65",
              "--baf7a18244348e43e627ea1a5a2e0e65\r\n"
              "Content-Disposition: form-data; name=\"\xc3\xbc\"\r\n\r\n\xc3\xb6\r\n"
              "--baf7a18244348e43e627ea1a5a2e0e65\r\n"
              "Content-Disposition: form-data; name=\"file\"; filename=\"q%22u\\o.wav\"\r\n"
              "Content-Type: audio/wav\r\n\r\nRIFF\r\n--x\0y\r\n"
              "--baf7a18244348e43e627ea1a5a2e0e65\r\n"
              "Content-Disposition: form-data; name=\"f2\"; filename=\"s\xc3\xbc\xc3\x9f.wav\"\r\n"
              "\r\n\r\n--baf7a18244348e43e627ea1a5a2e0e65--\r\n"s,
              {{"\xc3\xbc", false, "", "", "\xc3\xb6"},
               {"file", true, "q\"u\\o.wav", "audio/wav", sound},
               {"f2", true, "s\xc3\xbc\xc3\x9f.wav", "", ""}});
}

TEST(multipart_clients, old_python_requests_with_an_extended_filename) {
  expect_read("multipart/form-data; boundary=0f5150b1e5f0a1a0",
              "--0f5150b1e5f0a1a0\r\n"
              "Content-Disposition: form-data; name=\"file\"; "
              "filename*=utf-8''s%C3%BC%C3%9F.wav\r\n\r\nx\r\n--0f5150b1e5f0a1a0--\r\n",
              {{"file", true, "s\xc3\xbc\xc3\x9f.wav", "", "x"}});
}

TEST(multipart_clients, python_httpx_and_with_it_the_openai_sdk) {
  expect_read("multipart/form-data; boundary=4c561297dc726422c1f6a9544dbef922",
              "--4c561297dc726422c1f6a9544dbef922\r\n"
              "Content-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n"
              "--4c561297dc726422c1f6a9544dbef922\r\n"
              "Content-Disposition: form-data; name=\"file\"; filename=\"q%22u\\\\o.wav\"\r\n"
              "Content-Type: audio/wav\r\n\r\nRIFF\r\n--x\0y\r\n"
              "--4c561297dc726422c1f6a9544dbef922\r\n"
              "Content-Disposition: form-data; name=\"f2\"; filename=\"s\xc3\xbc\xc3\x9f.wav\"\r\n"
              "Content-Type: audio/x-wav\r\n\r\n\r\n"
              "--4c561297dc726422c1f6a9544dbef922--\r\n"s,
              {{"model", false, "", "", "m"},
               {"file", true, "q\"u\\o.wav", "audio/wav", sound},
               {"f2", true, "s\xc3\xbc\xc3\x9f.wav", "audio/x-wav", ""}});
}

TEST(multipart_clients, python_aiohttp) {
  expect_read("multipart/form-data; boundary=7af64f9b702c4bd7a64a8b0f56064e7c",
              "--7af64f9b702c4bd7a64a8b0f56064e7c\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n"
              "--7af64f9b702c4bd7a64a8b0f56064e7c\r\nContent-Type: audio/wav\r\n"
              "Content-Disposition: form-data; name=\"file\"; "
              "filename=\"s%C3%BC%20%C3%9F%22.wav\"\r\n\r\nRI\r\n"
              "--7af64f9b702c4bd7a64a8b0f56064e7c--\r\n",
              {{"model", false, "", "text/plain; charset=utf-8", "m"},
               // It encodes what nobody asked it to; only %22 means anything in a quoted-string.
               {"file", true, "s%C3%BC%20%C3%9F\".wav", "audio/wav", "RI"}});
}

TEST(multipart_clients, go) {
  const std::string boundary = "ebcab73baee93bdeae89d5381e034b0545a3c85ffbc823d8c1b326af7a81";
  expect_read("multipart/form-data; boundary=" + boundary,
              "--" + boundary +
                  "\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--" + boundary +
                  "\r\nContent-Disposition: form-data; name=\"file\"; "
                  "filename=\"q\\\"u\\\\o s\xc3\xbc.wav\"\r\n"
                  "Content-Type: application/octet-stream\r\n\r\nRIFF\r\n--x\r\n--" +
                  boundary + "--\r\n",
              {{"model", false, "", "", "m"},
               {"file", true, "q\"u\\o s\xc3\xbc.wav", "application/octet-stream", "RIFF\r\n--x"}});
}

TEST(multipart_clients, node) {
  expect_read("multipart/form-data; boundary=----formdata-undici-049952179220",
              "------formdata-undici-049952179220\r\n"
              "Content-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n"
              "------formdata-undici-049952179220\r\n"
              "Content-Disposition: form-data; name=\"file\"; "
              "filename=\"q%22u\\o s\xc3\xbc.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n"
              "------formdata-undici-049952179220\r\n"
              "Content-Disposition: form-data; name=\"l\"\r\n\r\na\r\nb\r\n"
              "------formdata-undici-049952179220--\r\n",
              {{"model", false, "", "", "m"},
               {"file", true, "q\"u\\o s\xc3\xbc.wav", "audio/wav", "RIFF"},
               {"l", false, "", "", "a\r\nb"}});
  expect_read("multipart/form-data; boundary=----formdata-undici-057083650855",
              "------formdata-undici-057083650855--\r\n", {});
}

TEST(multipart_clients, chrome_and_safari) {
  expect_read("multipart/form-data; boundary=----WebKitFormBoundaryePkpFF7tjBAqx29L",
              "------WebKitFormBoundaryePkpFF7tjBAqx29L\r\n"
              "Content-Disposition: form-data; name=\"name\"\r\n\r\nAnna\r\n"
              "------WebKitFormBoundaryePkpFF7tjBAqx29L\r\n"
              "Content-Disposition: form-data; name=\"file\"; filename=\"a\\b %22c%22.wav\"\r\n"
              "Content-Type: audio/wav\r\n\r\nRIFF\r\n--x\0y\r\n"
              "------WebKitFormBoundaryePkpFF7tjBAqx29L\r\n"
              "Content-Disposition: form-data; name=\"none\"; filename=\"\"\r\n"
              "Content-Type: application/octet-stream\r\n\r\n\r\n"
              "------WebKitFormBoundaryePkpFF7tjBAqx29L--\r\n"s,
              {{"name", false, "", "", "Anna"},
               {"file", true, "a\\b \"c\".wav", "audio/wav", sound},
               {"none", true, "", "application/octet-stream", ""}});
}

TEST(multipart_clients, firefox) {
  expect_read(
      "multipart/form-data; boundary=---------------------------9051914041544843365972754266",
      "-----------------------------9051914041544843365972754266\r\n"
      "Content-Disposition: form-data; name=\"text\"\r\n\r\ntext default\r\n"
      "-----------------------------9051914041544843365972754266\r\n"
      "Content-Disposition: form-data; name=\"file1\"; filename=\"a.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nContent of a.txt.\n\r\n"
      "-----------------------------9051914041544843365972754266--\r\n",
      {{"text", false, "", "", "text default"},
       {"file1", true, "a.txt", "text/plain", "Content of a.txt.\n"}});
}

TEST(multipart_clients, dotnet_and_java) {
  // .NET quotes the boundary and writes both kinds of filename; Java's mail library adds encodings.
  expect_read("multipart/form-data; boundary=\"5f2a3b1c-0000-4444-8888-123456789abc\"",
              "--5f2a3b1c-0000-4444-8888-123456789abc\r\nContent-Type: audio/wav\r\n"
              "Content-Disposition: form-data; name=file; filename=a.wav; "
              "filename*=utf-8''%C3%A4.wav\r\n\r\nx\r\n"
              "--5f2a3b1c-0000-4444-8888-123456789abc--\r\n",
              {{"file", true, "\xc3\xa4.wav", "audio/wav", "x"}});
  expect_read("multipart/form-data; \tboundary=\"----=_Part_1_1234.5678\"",
              "------=_Part_1_1234.5678\r\nContent-Type: text/plain; charset=UTF-8\r\n"
              "Content-Transfer-Encoding: 8bit\r\n"
              "Content-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n"
              "------=_Part_1_1234.5678--\r\n",
              {{"a", false, "", "text/plain; charset=UTF-8", "x"}});
}

} // namespace
} // namespace synapse::http
