import pytest

from gsvbatch.text.mandarin import Mandarin
from gsvbatch.text.mandarin.lists import erhua_words, neutral_words, plain_er_words, polyphones
from gsvbatch.text.mandarin.pinyin import check_pinyin
from gsvbatch.text.mandarin.readings import read
from gsvbatch.text.mandarin.sandhi import change_tones
from gsvbatch.text.mandarin.words import merge, segment


def pinyin(clause, erhua=True):
    words = segment(clause)
    base = read(clause, words)
    return " ".join(change_tones(clause, merge(clause, words, base), base, erhua=erhua))


@pytest.mark.parametrize(
    ("clause", "spoken"),
    [
        ("银行行长", "yin2 hang2 hang2 zhang3"), ("孩子长大", "hai2 zi5 zhang3 da4"), ("他长高了", "ta1 zhang3 gao1 le5"),
        ("长三千米", "chang2 san1 qian1 mi3"), ("重庆", "chong2 qing4"), ("重新", "chong2 xin1"), ("音乐", "yin1 yue4"),
        ("快乐", "kuai4 le4"), ("还是", "hai2 shi4"), ("还书", "huan2 shu1"), ("他没还钱", "ta1 mei2 huan2 qian2"),
        ("觉得", "jue2 de5"), ("睡觉", "shui4 jiao4"), ("得到", "de2 dao4"), ("不得不", "bu4 de2 bu4"),
        ("你得去学校", "ni2 dei3 qu4 xue2 xiao4"), ("跑得很快", "pao3 de5 hen3 kuai4"), ("了解", "liao2 jie3"),
        ("为了", "wei4 le5"), ("因为", "yin1 wei4"), ("为人民服务", "wei4 ren2 min2 fu2 wu4"), ("认为", "ren4 wei2"),
        ("便宜", "pian2 yi5"), ("方便", "fang1 bian4"), ("少年", "shao4 nian2"), ("多少", "duo1 shao3"),
        ("朝阳", "zhao1 yang2"), ("朝阳区", "chao2 yang2 qu1"), ("朝代", "chao2 dai4"), ("数一数", "shu3 yi5 shu3"),
        ("数学", "shu4 xue2"), ("传说", "chuan2 shuo1"), ("传记", "zhuan4 ji4"), ("出差", "chu1 chai1"),
        ("差不多", "cha4 bu5 duo1"), ("参差", "cen1 ci1"), ("教书", "jiao1 shu1"), ("教室", "jiao4 shi4"),
        ("教他", "jiao1 ta1"), ("好奇", "hao4 qi2"), ("爱好", "ai4 hao4"), ("干净", "gan1 jing5"), ("干活", "gan4 huo2"),
        ("似的", "shi4 de5"), ("相似", "xiang1 si4"), ("着急", "zhao2 ji2"), ("看着", "kan4 zhe5"), ("睡着了", "shui4 zhao2 le5"),
        ("地方", "di4 fang5"), ("地方政府", "di4 fang1 zheng4 fu3"), ("慢慢地走", "man4 man4 de5 zou3"), ("土地", "tu3 di4"),
        ("一只猫", "yi4 zhi1 mao1"), ("只有", "zhi2 you3"), ("十几行字", "shi2 ji3 hang2 zi4"), ("一行人", "yi4 xing2 ren2"),
        ("农民种地", "nong2 min2 zhong4 di4"), ("三种花", "san1 zhong3 hua1"), ("头发", "tou2 fa5"), ("理发店", "li3 fa4 dian4"),
        ("流血", "liu2 xue4"), ("落下", "luo4 xia4"), ("朝鲜", "chao2 xian3"), ("角色", "jue2 se4"), ("主角", "zhu3 jue2"),
    ],
)  # fmt: skip
def test_polyphones_are_read_in_context(clause, spoken):
    assert pinyin(clause) == spoken


@pytest.mark.parametrize(
    ("clause", "spoken"),
    [
        ("不去", "bu2 qu4"), ("不来", "bu4 lai2"), ("看不懂", "kan4 bu5 dong3"), ("一万一千", "yi2 wan4 yi4 qian1"),
        ("一百一十一", "yi4 bai3 yi1 shi2 yi1"), ("第一名", "di4 yi1 ming2"), ("二十一天", "er4 shi2 yi1 tian1"),
        ("一年级", "yi1 nian2 ji2"), ("三点一四", "san1 dian3 yi1 si4"), ("一九九八年", "yi1 jiu3 jiu3 ba1 nian2"),
        ("一个一个看", "yi2 ge5 yi2 ge5 kan4"), ("统一", "tong3 yi1"), ("想一想", "xiang3 yi5 xiang3"),
        ("有朝一日", "you3 zhao1 yi2 ri4"),
        ("我想买水果", "wo2 xiang3 mai3 shui2 guo3"), ("展览馆里", "zhan2 lan2 guan3 li3"),
        ("老板有雨伞", "lao2 ban2 you3 yu2 san3"), ("纸老虎", "zhi3 lao2 hu3"),
        ("妈妈", "ma1 ma5"), ("看看", "kan4 kan5"), ("高高的山", "gao1 gao1 de5 shan1"), ("人人", "ren2 ren2"),
        ("桌子上", "zhuo1 zi5 shang4"), ("家里", "jia1 li5"), ("楼上", "lou2 shang4"), ("站起来", "zhan4 qi3 lai5"),
        ("漂亮的衣服", "piao4 liang5 de5 yi1 fu5"), ("王子", "wang2 zi3"), ("孩子们", "hai2 zi5 men5"),
    ],
)  # fmt: skip
def test_tones_change_beside_each_other(clause, spoken):
    assert pinyin(clause) == spoken


@pytest.mark.parametrize(
    ("clause", "v2", "v1"),
    [
        ("小院儿", "xiao3 yuan4 er4", "xiao3 yuan4 er5"), ("那儿", "na4 er4", "na4 er2"), ("一会儿", "yi2 hui4 er4", "yi2 hui4 er5"),
        ("女儿", "nv3 er2", "nv3 er2"), ("花儿", "hua1 er2", "hua1 er2"), ("没有事儿", "mei2 you3 shi4 er4", "mei2 you3 shi4 er2"),
    ],
)  # fmt: skip
def test_erhua_takes_the_tone_before_it_since_v2(clause, v2, v1):
    assert (pinyin(clause, erhua=True), pinyin(clause, erhua=False)) == (v2, v1)


def test_own_readings_are_pinyin():
    wrong = [
        phrase for phrase, said in polyphones().items() if tuple(map(check_pinyin, said)) != said
    ]
    assert wrong == []


def test_lists_agree_with_themselves():
    assert not erhua_words() & plain_er_words()
    assert all(len(word) > 1 for word in neutral_words())


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_interjections_without_a_vowel_can_be_spoken(version):
    mandarin = Mandarin(version)
    groups = mandarin.phonemize("呒噷哼嗯", {})
    assert [len(group.phonemes) for group in groups] == [2, 2, 2, 2]
