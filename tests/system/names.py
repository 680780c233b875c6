"""The host names of the tests: which app each belongs to, and names that only look like one."""
import ipaddress

# name: (app, category); the ids of the contract.
APPS = {
    "web.whatsapp.com": ("WhatsApp", "messaging"),
    "g.whatsapp.net": ("WhatsApp", "messaging"),
    "mmg.whatsapp.net": ("WhatsApp", "messaging"),
    "chat.signal.org": ("Signal", "messaging"),
    "web.telegram.org": ("Telegram", "messaging"),
    "szshort.weixin.qq.com": ("WeChat", "messaging"),
    "discord.com": ("Discord", "messaging"),
    "obs.line-apps.com": ("LINE", "messaging"),
    "katalk.kakao.com": ("KakaoTalk", "messaging"),
    "edge-chat.messenger.com": ("Messenger", "messaging"),
    "web.threema.ch": ("Threema", "messaging"),
    "drive.google.com": ("GoogleDrive", "cloud-storage"),
    "client.dropbox.com": ("Dropbox", "cloud-storage"),
    "content.dropboxapi.com": ("Dropbox", "cloud-storage"),
    "onedrive.live.com": ("OneDrive", "cloud-storage"),
    "g.api.mega.co.nz": ("MEGA", "cloud-storage"),
    "mega.nz": ("MEGA", "cloud-storage"),
    "app.box.com": ("Box", "cloud-storage"),
    "pan.baidu.com": ("BaiduPan", "cloud-storage"),
    "api.pcloud.com": ("pCloud", "cloud-storage"),
    "mail.google.com": ("Gmail", "webmail"),
    "outlook.live.com": ("Outlook", "webmail"),
    "mail.yahoo.com": ("YahooMail", "webmail"),
    "mail.proton.me": ("ProtonMail", "webmail"),
    "mail.qq.com": ("QQMail", "webmail"),
    "mail.163.com": ("NetEaseMail", "webmail"),
}
# Innocent names and near misses: label boundaries, an app's name as a prefix, shared domains of the same owners.
INNOCENT = [
    "www.google.com", "fonts.googleapis.com", "www.gstatic.com", "notwhatsapp.com", "whatsapp.com.example.net",
    "web-whatsapp-com.example.org", "s3.amazonaws.com", "www.microsoft.com", "login.live.com", "www.yahoo.com",
    "example.org", "www.debian.org", "telegram.org.example.net", "mydropbox.com", "amega.nz", "www.baidu.com",
    "www.qq.com", "intranet.example.com",
]
NAMES = list(APPS) + INNOCENT
OTHER = ("other", "other")

CLIENT4, CLIENT6 = "10.20.0.2", "fd20::2"
SERVER4, SERVER6 = "10.20.0.1", "fd20::1"


def address4(name):
    return f"198.51.100.{10 + NAMES.index(name)}"


def address6(name):
    return str(ipaddress.ip_address(f"2001:db8:51::{10 + NAMES.index(name):x}"))


def label(name):
    return APPS.get(name, OTHER)


def name_of(address):
    """The name that lives at an address of the test network, or None."""
    return _BY_ADDRESS.get(str(ipaddress.ip_address(address)))


_BY_ADDRESS = {address(name): name for name in NAMES for address in (address4, address6)}
