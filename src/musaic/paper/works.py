"""The works that a paper of a run may refer to, and BibTeX of those that it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Work(NamedTuple):
    """A work: its kind in BibTeX, and its fields."""

    kind: str
    author: str
    title: str
    year: int
    where: str
    more: tuple[tuple[str, str], ...] = ()


def _paper(author: str, title: str, year: int, journal: str, **more: str) -> Work:
    return Work("article", author, title, year, journal, tuple(more.items()))


def _talk(author: str, title: str, year: int, book: str, **more: str) -> Work:
    return Work("inproceedings", author, title, year, book, tuple(more.items()))


_NIPS = "Advances in Neural Information Processing Systems"
_ICML = "Proceedings of the International Conference on Machine Learning"
_ICLR = "Proceedings of the International Conference on Learning Representations"

WORKS: dict[str, Work] = {
    # Models
    "pearson1901": _paper(
        "Pearson, Karl", "On Lines and Planes of Closest Fit to Systems of Points in Space", 1901,
        "Philosophical Magazine", volume="2", number="11", pages="559--572",
    ),
    "hinton2006": _paper(
        "Hinton, Geoffrey E. and Salakhutdinov, Ruslan R.",
        "Reducing the Dimensionality of Data with Neural Networks", 2006, "Science", volume="313", number="5786",
        pages="504--507",
    ),
    "vincent2008": _talk(
        "Vincent, Pascal and Larochelle, Hugo and Bengio, Yoshua and Manzagol, Pierre-Antoine",
        "Extracting and Composing Robust Features with Denoising Autoencoders", 2008, _ICML, pages="1096--1103",
    ),
    "kingma2014vae": _talk(
        "Kingma, Diederik P. and Welling, Max", "Auto-Encoding Variational {Bayes}", 2014, _ICLR,
        note="arXiv:1312.6114",
    ),
    "kingma2014semi": _talk(
        "Kingma, Diederik P. and Mohamed, Shakir and Rezende, Danilo J. and Welling, Max",
        "Semi-Supervised Learning with Deep Generative Models", 2014, _NIPS, volume="27", note="arXiv:1406.5298",
    ),
    "sohn2015": _talk(
        "Sohn, Kihyuk and Lee, Honglak and Yan, Xinchen",
        "Learning Structured Output Representation Using Deep Conditional Generative Models", 2015, _NIPS, volume="28",
        pages="3483--3491",
    ),
    "burda2016": _talk(
        "Burda, Yuri and Grosse, Roger and Salakhutdinov, Ruslan", "Importance Weighted Autoencoders", 2016, _ICLR,
        note="arXiv:1509.00519",
    ),
    "bowman2016": _talk(
        "Bowman, Samuel R. and Vilnis, Luke and Vinyals, Oriol and Dai, Andrew M. and Jozefowicz, Rafal and "
        "Bengio, Samy", "Generating Sentences from a Continuous Space", 2016,
        "Proceedings of the SIGNLL Conference on Computational Natural Language Learning", pages="10--21",
        note="arXiv:1511.06349",
    ),
    "kingma2016": _talk(
        "Kingma, Diederik P. and Salimans, Tim and Jozefowicz, Rafal and Chen, Xi and Sutskever, Ilya and "
        "Welling, Max", "Improved Variational Inference with Inverse Autoregressive Flow", 2016, _NIPS, volume="29",
        note="arXiv:1606.04934",
    ),
    "he2016": _talk(
        "He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian", "Identity Mappings in Deep Residual Networks",
        2016, "Proceedings of the European Conference on Computer Vision", pages="630--645", note="arXiv:1603.05027",
    ),
    "higgins2017": _talk(
        "Higgins, Irina and Matthey, Loic and Pal, Arka and Burgess, Christopher and Glorot, Xavier and "
        "Botvinick, Matthew and Mohamed, Shakir and Lerchner, Alexander",
        "beta-{VAE}: Learning Basic Visual Concepts with a Constrained Variational Framework", 2017, _ICLR,
    ),
    "jiang2017": _talk(
        "Jiang, Zhuxi and Zheng, Yin and Tan, Huachun and Tang, Bangsheng and Zhou, Hanning",
        "Variational Deep Embedding: An Unsupervised and Generative Approach to Clustering", 2017,
        "Proceedings of the International Joint Conference on Artificial Intelligence", pages="1965--1972",
        note="arXiv:1611.05148",
    ),
    "hori2017": _talk(
        "Hori, Chiori and Hori, Takaaki and Lee, Teng-Yok and Zhang, Ziming and Harsham, Bret and Hershey, John R. and "
        "Marks, Tim K. and Sumi, Kazuhiko", "Attention-Based Multimodal Fusion for Video Description", 2017,
        "Proceedings of the IEEE International Conference on Computer Vision", pages="4193--4202",
        note="arXiv:1701.03126",
    ),
    "wu2018": _talk(
        "Wu, Mike and Goodman, Noah", "Multimodal Generative Models for Scalable Weakly-Supervised Learning", 2018,
        _NIPS, volume="31", note="arXiv:1802.05335",
    ),
    "shi2019": _talk(
        "Shi, Yuge and Siddharth, N. and Paige, Brooks and Torr, Philip H. S.",
        "Variational Mixture-of-Experts Autoencoders for Multi-Modal Deep Generative Models", 2019, _NIPS, volume="32",
        note="arXiv:1911.03393",
    ),
    "fu2019": _talk(
        "Fu, Hao and Li, Chunyuan and Liu, Xiaodong and Gao, Jianfeng and Celikyilmaz, Asli and Carin, Lawrence",
        "Cyclical Annealing Schedule: A Simple Approach to Mitigating {KL} Vanishing", 2019,
        "Proceedings of the Conference of the North American Chapter of the Association for Computational Linguistics",
        pages="240--250", note="arXiv:1903.10145",
    ),
    "loshchilov2019": _talk(
        "Loshchilov, Ilya and Hutter, Frank", "Decoupled Weight Decay Regularization", 2019, _ICLR,
        note="arXiv:1711.05101",
    ),
    "rybkin2021": _talk(
        "Rybkin, Oleh and Daniilidis, Kostas and Levine, Sergey",
        "Simple and Effective {VAE} Training with Calibrated Decoders", 2021, _ICML, note="arXiv:2006.13202",
    ),
    # Penalties, and labels taken out
    "gretton2005": _talk(
        "Gretton, Arthur and Bousquet, Olivier and Smola, Alex and Schölkopf, Bernhard",
        "Measuring Statistical Dependence with {Hilbert-Schmidt} Norms", 2005,
        "Proceedings of the International Conference on Algorithmic Learning Theory", pages="63--77",
    ),
    "cortes2012": _paper(
        "Cortes, Corinna and Mohri, Mehryar and Rostamizadeh, Afshin",
        "Algorithms for Learning Kernels Based on Centered Alignment", 2012, "Journal of Machine Learning Research",
        volume="13", pages="795--828", note="arXiv:1203.0550",
    ),
    "ganin2015": _talk(
        "Ganin, Yaroslav and Lempitsky, Victor", "Unsupervised Domain Adaptation by Backpropagation", 2015, _ICML,
        pages="1180--1189", note="arXiv:1409.7495",
    ),
    "chen2020": _talk(
        "Chen, Ting and Kornblith, Simon and Norouzi, Mohammad and Hinton, Geoffrey",
        "A Simple Framework for Contrastive Learning of Visual Representations", 2020, _ICML, pages="1597--1607",
        note="arXiv:2002.05709",
    ),
    "libovicky2020": _talk(
        "Libovický, Jindřich and Rosa, Rudolf and Fraser, Alexander",
        "On the Language Neutrality of Pre-Trained Multilingual Representations", 2020,
        "Findings of the Association for Computational Linguistics: EMNLP 2020", pages="1663--1674",
        note="arXiv:2004.05160",
    ),
    "belrose2023": _talk(
        "Belrose, Nora and Schneider-Joseph, David and Ravfogel, Shauli and Cotterell, Ryan and Raff, Edward and "
        "Biderman, Stella", "{LEACE}: Perfect Linear Concept Erasure in Closed Form", 2023, _NIPS, volume="36",
        note="arXiv:2306.03819",
    ),
    # Features
    "sparckjones1972": _paper(
        "Spärck Jones, Karen", "A Statistical Interpretation of Term Specificity and Its Application in Retrieval",
        1972, "Journal of Documentation", volume="28", number="1", pages="11--21",
    ),
    "davis1980": _paper(
        "Davis, Steven B. and Mermelstein, Paul",
        "Comparison of Parametric Representations for Monosyllabic Word Recognition in Continuously Spoken Sentences",
        1980, "IEEE Transactions on Acoustics, Speech, and Signal Processing", volume="28", number="4",
        pages="357--366",
    ),
    "deerwester1990": _paper(
        "Deerwester, Scott and Dumais, Susan T. and Furnas, George W. and Landauer, Thomas K. and Harshman, Richard",
        "Indexing by Latent Semantic Analysis", 1990, "Journal of the American Society for Information Science",
        volume="41", number="6", pages="391--407",
    ),
    "reimers2019": _talk(
        "Reimers, Nils and Gurevych, Iryna", "Sentence-{BERT}: Sentence Embeddings Using {Siamese} {BERT}-Networks",
        2019, "Proceedings of the Conference on Empirical Methods in Natural Language Processing and the 9th "
        "International Joint Conference on Natural Language Processing", pages="3982--3992",
        note="arXiv:1908.10084",
    ),
    "radford2023": _talk(
        "Radford, Alec and Kim, Jong Wook and Xu, Tao and Brockman, Greg and McLeavey, Christine and Sutskever, Ilya",
        "Robust Speech Recognition via Large-Scale Weak Supervision", 2023, _ICML, pages="28492--28518",
        note="arXiv:2212.04356",
    ),
    # Pretrained networks
    "wu2023": _talk(
        "Wu, Yusong and Chen, Ke and Zhang, Tianyu and Hui, Yuchen and Berg-Kirkpatrick, Taylor and Dubnov, Shlomo",
        "Large-Scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption Augmentation",
        2023, "Proceedings of the IEEE International Conference on Acoustics, Speech and Signal Processing",
        note="arXiv:2211.06687",
    ),
    "li2024": _talk(
        "Li, Yizhi and Yuan, Ruibin and Zhang, Ge and Ma, Yinghao and Chen, Xingran and Yin, Hanzhi and others",
        "{MERT}: Acoustic Music Understanding Model with Large-Scale Self-Supervised Training", 2024, _ICLR,
        note="arXiv:2306.00107",
    ),
    "gong2021": _talk(
        "Gong, Yuan and Chung, Yu-An and Glass, James", "{AST}: Audio Spectrogram Transformer", 2021,
        "Proceedings of Interspeech", pages="571--575", note="arXiv:2104.01778",
    ),
    "hsu2021": _paper(
        "Hsu, Wei-Ning and Bolte, Benjamin and Tsai, Yao-Hung Hubert and Lakhotia, Kushal and "
        "Salakhutdinov, Ruslan and Mohamed, Abdelrahman",
        "{HuBERT}: Self-Supervised Speech Representation Learning by Masked Prediction of Hidden Units", 2021,
        "IEEE/ACM Transactions on Audio, Speech, and Language Processing", volume="29", pages="3451--3460",
        note="arXiv:2106.07447",
    ),
    "baevski2020": _talk(
        "Baevski, Alexei and Zhou, Yuhao and Mohamed, Abdelrahman and Auli, Michael",
        "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", 2020, _NIPS, volume="33",
        pages="12449--12460", note="arXiv:2006.11477",
    ),
    # Clusterings and maps
    "ward1963": _paper(
        "Ward, Joe H.", "Hierarchical Grouping to Optimize an Objective Function", 1963,
        "Journal of the American Statistical Association", volume="58", number="301", pages="236--244",
    ),
    "dempster1977": _paper(
        "Dempster, Arthur P. and Laird, Nan M. and Rubin, Donald B.",
        "Maximum Likelihood from Incomplete Data via the {EM} Algorithm", 1977,
        "Journal of the Royal Statistical Society, Series B", volume="39", number="1", pages="1--38",
    ),
    "schwarz1978": _paper(
        "Schwarz, Gideon", "Estimating the Dimension of a Model", 1978, "The Annals of Statistics", volume="6",
        number="2", pages="461--464",
    ),
    "lloyd1982": _paper(
        "Lloyd, Stuart P.", "Least Squares Quantization in {PCM}", 1982, "IEEE Transactions on Information Theory",
        volume="28", number="2", pages="129--137",
    ),
    "ester1996": _talk(
        "Ester, Martin and Kriegel, Hans-Peter and Sander, Jörg and Xu, Xiaowei",
        "A Density-Based Algorithm for Discovering Clusters in Large Spatial Databases with Noise", 1996,
        "Proceedings of the International Conference on Knowledge Discovery and Data Mining", pages="226--231",
    ),
    "ng2001": _talk(
        "Ng, Andrew Y. and Jordan, Michael I. and Weiss, Yair", "On Spectral Clustering: Analysis and an Algorithm",
        2001, _NIPS, volume="14", pages="849--856",
    ),
    "campello2013": _talk(
        "Campello, Ricardo J. G. B. and Moulavi, Davoud and Sander, Jörg",
        "Density-Based Clustering Based on Hierarchical Density Estimates", 2013,
        "Proceedings of the Pacific-Asia Conference on Knowledge Discovery and Data Mining", pages="160--172",
    ),
    "maaten2008": _paper(
        "van der Maaten, Laurens and Hinton, Geoffrey", "Visualizing Data Using t-{SNE}", 2008,
        "Journal of Machine Learning Research", volume="9", pages="2579--2605",
    ),
    "mcinnes2018": _paper(
        "McInnes, Leland and Healy, John and Melville, James",
        "{UMAP}: Uniform Manifold Approximation and Projection for Dimension Reduction", 2018,
        "arXiv preprint arXiv:1802.03426",
    ),
    "mcinnes2018joss": _paper(
        "McInnes, Leland and Healy, John and Saul, Nathaniel and Großberger, Lukas",
        "{UMAP}: Uniform Manifold Approximation and Projection", 2018, "Journal of Open Source Software", volume="3",
        number="29", pages="861",
    ),
    # Evaluation
    "efron1979": _paper(
        "Efron, Bradley", "Bootstrap Methods: Another Look at the Jackknife", 1979, "The Annals of Statistics",
        volume="7", number="1", pages="1--26",
    ),
    "hubert1985": _paper(
        "Hubert, Lawrence and Arabie, Phipps", "Comparing Partitions", 1985, "Journal of Classification", volume="2",
        number="1", pages="193--218",
    ),
    "rousseeuw1987": _paper(
        "Rousseeuw, Peter J.",
        "Silhouettes: A Graphical Aid to the Interpretation and Validation of Cluster Analysis", 1987,
        "Journal of Computational and Applied Mathematics", volume="20", pages="53--65",
    ),
    "vinh2010": _paper(
        "Vinh, Nguyen Xuan and Epps, Julien and Bailey, James",
        "Information Theoretic Measures for Clusterings Comparison: Variants, Properties, Normalization and Correction "
        "for Chance", 2010, "Journal of Machine Learning Research", volume="11", pages="2837--2854",
    ),
    # Software
    "pedregosa2011": _paper(
        "Pedregosa, Fabian and Varoquaux, Gaël and Gramfort, Alexandre and Michel, Vincent and Thirion, Bertrand and "
        "Grisel, Olivier and Blondel, Mathieu and Prettenhofer, Peter and Weiss, Ron and Dubourg, Vincent and "
        "Vanderplas, Jake and Passos, Alexandre and Cournapeau, David and Brucher, Matthieu and Perrot, Matthieu and "
        "Duchesnay, Édouard", "Scikit-learn: Machine Learning in {Python}", 2011,
        "Journal of Machine Learning Research", volume="12", pages="2825--2830",
    ),
    "mcfee2015": _talk(
        "McFee, Brian and Raffel, Colin and Liang, Dawen and Ellis, Daniel P. W. and McVicar, Matt and "
        "Battenberg, Eric and Nieto, Oriol", "librosa: Audio and Music Signal Analysis in {Python}", 2015,
        "Proceedings of the Python in Science Conference", pages="18--24",
    ),
    "paszke2019": _talk(
        "Paszke, Adam and Gross, Sam and Massa, Francisco and Lerer, Adam and Bradbury, James and Chanan, Gregory and "
        "Killeen, Trevor and Lin, Zeming and Gimelshein, Natalia and Antiga, Luca and Desmaison, Alban and "
        "Köpf, Andreas and Yang, Edward and DeVito, Zachary and Raison, Martin and Tejani, Alykhan and "
        "Chilamkurthy, Sasank and Steiner, Benoit and Fang, Lu and Bai, Junjie and Chintala, Soumith",
        "{PyTorch}: An Imperative Style, High-Performance Deep Learning Library", 2019, _NIPS, volume="32",
        pages="8024--8035",
    ),
    "policar2024": _paper(
        "Poličar, Pavlin G. and Stražar, Martin and Zupan, Blaž",
        "{openTSNE}: A Modular {Python} Library for t-{SNE} Dimensionality Reduction and Embedding", 2024,
        "Journal of Statistical Software", volume="109", number="3", pages="1--30",
    ),
}  # fmt: skip
"""Key -> work. A new one stands here, and is cited with `musaic.paper.markup.cite`."""

ARXIV = {
    value.removeprefix("arXiv:"): key
    for key, work in WORKS.items()
    for _, value in work.more
    if value.startswith("arXiv:")
}
"""arXiv id -> key, of those works that have one."""


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX entries of works, sorted by key."""
    return "\n".join(_entry(key, WORKS[key]) for key in sorted(set(keys)))


def _entry(key: str, work: Work) -> str:
    where = "journal" if work.kind == "article" else "booktitle"
    fields = {"author": work.author, "title": work.title, where: work.where, "year": str(work.year), **dict(work.more)}
    lines = [f"  {field} = {{{value}}}," for field, value in fields.items()]
    return "\n".join([f"@{work.kind}{{{key},", *lines, "}", ""])
